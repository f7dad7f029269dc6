#include "proto/schema/keyword.h"

const struct keyword_row keyword_rows[KEYWORD_COUNT] = {
#define KEYWORD(name, text, vocabulary, shape) {text, VOCABULARY_##vocabulary, SHAPE_##shape},
#include "proto/schema/keyword.def"
#undef KEYWORD
};

static int order(struct span a, const char *b)
{
    size_t len = strlen(b);
    int bytes = memcmp(a.data, b, a.len < len ? a.len : len);
    return bytes != 0 ? bytes : a.len < len ? -1 : a.len > len;
}

enum keyword keyword_find(struct span text)
{
    int low = 0;
    int high = KEYWORD_COUNT - 1;
    while (text.len > 0 && low <= high) {
        int middle = (low + high) / 2;
        int found = order(text, keyword_rows[middle].text);
        if (found == 0)
            return (enum keyword)middle;
        if (found < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return KEYWORD_COUNT;
}
