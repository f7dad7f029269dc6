/* A compiled lens from inside: what the compiler writes and the rest reads. */
#ifndef MAILLON_PROTO_SCHEMA_LENS_PARTS_H
#define MAILLON_PROTO_SCHEMA_LENS_PARTS_H

#include "proto/schema/date.h"
#include "proto/schema/hours.h"
#include "proto/schema/lens.h"
#include "proto/schema/pattern_capture.h"

#define LENS_DATE_FORMATS_MAX 16u
#define LENS_POINTER_BYTES_MAX 4096u

enum lens_source {
    SOURCE_FROM,
    SOURCE_FIRST,
    SOURCE_JOIN,
    SOURCE_ALL,
    SOURCE_CONSTANT,
    SOURCE_CODES,
    SOURCE_HOURS,
    SOURCE_HOURS_TEXT,
    SOURCE_POINT,
    SOURCE_OBJECT,
    SOURCE_EACH,
};

/* Operations of lens files, and behind them those that only inversion makes. */
enum lens_op_kind {
    OP_SPLIT,
    OP_JOIN,
    OP_TABLE,
    OP_NUMBER,
    OP_TEXT,
    OP_PAD,
    OP_BOOLEAN,
    OP_DATE,
    OP_WRAP_ARRAY,
    OP_UNWRAP_ARRAY,
    OP_WRAP,
    OP_UNWRAP,
    OP_PREFIX,
    OP_STRIP,
    OP_LANGUAGE,
    OP_EXTRACT,
    OP_REPLACE,
    OP_HTML,
    OP_TRIM,
    OP_LOWER,
    OP_UNIQUE,
    OP_DROP,
    OP_AT,
    OP_WEB,
    OP_COORDINATES,
    OP_VOCABULARY,
    OP_SLUG,
    OP_NUMBER_TEXT,      /* number -> text with its decimal sign */
    OP_UNTEXT,           /* text -> the number or boolean that it is the text of */
    OP_UNPAD,            /* text -> number */
    OP_BOOLEAN_WORD,     /* boolean -> its first word */
    OP_LANGUAGE_MAP,     /* text -> {language: text} */
    OP_COORDINATE_ARRAY, /* {"lat","lon"} -> array */
    OP_CONCEPT,          /* label -> concept */
};

struct lens_table_row {
    struct span key; /* rows are sorted by it */
    struct tree *value;
};

enum lens_otherwise {
    OTHERWISE_FAULT,
    OTHERWISE_KEEP,
    OTHERWISE_DROP,
    OTHERWISE_VALUE,
};

struct lens_op {
    enum lens_op_kind kind;
    enum lens_otherwise otherwise;
    bool flag;       /* PAD: back to a number; COORDINATES: longitude first */
    bool is_inverse; /* made by inversion: WRAP_ARRAY wraps lists, too, UNWRAP_ARRAY leaves those
                        alone that no wrapping made, PREFIX what is no text */
    uint8_t decimal; /* NUMBER */
    uint8_t format_count; /* DATE: read */
    uint32_t number;      /* PAD, AT */
    struct span text;     /* SPLIT, JOIN, PREFIX, STRIP, REPLACE; VOCABULARY: its name; DATE: read;
                             BOOLEAN: the first word for true */
    struct span language; /* VOCABULARY; DATE: write; BOOLEAN: the first word for false */
    struct pointer pointer; /* WRAP, UNWRAP */
    struct span *words;     /* LANGUAGE, DROP, BOOLEAN: those for true, then for false */
    uint32_t word_count;
    uint32_t true_count; /* BOOLEAN */
    struct lens_table_row *rows;
    uint32_t row_count;
    struct tree *value;       /* TABLE: otherwise */
    struct pattern *pattern;  /* EXTRACT, REPLACE; owned by the lens */
    struct date_format *read; /* DATE: several, the first that fits */
    struct date_format *write;
};

/* The rows of a table by their keys. */
void table_sort(struct lens_op *op);
const struct tree *table_find(const struct lens_op *op, struct span key);

struct lens_rule;

struct lens_rules {
    struct lens_rule *items;
    uint32_t count;
    uint32_t room;
};

struct lens_pointers {
    struct pointer *items;
    uint32_t count;
};

/* Words are folded (fold_append_text). */
struct lens_code {
    struct lens_pointers in;
    struct span *words;
    struct span *without;
    uint32_t word_count;
    uint32_t without_count;
    struct tree *code;
};

/* Degrees. */
struct lens_box {
    double south;
    double west;
    double north;
    double east;
};

struct lens_expr {
    enum lens_source source;
    bool many;               /* CODES */
    struct pointer from;     /* FROM, HOURS_TEXT, EACH */
    struct lens_expr *parts; /* FIRST, JOIN, ALL; POINT: latitude and longitude */
    uint32_t part_count;
    struct lens_box *boxes; /* POINT: in one of which it must lie, where there are any */
    uint32_t box_count;
    struct span separator; /* JOIN */
    struct tree *constant; /* CONSTANT */
    struct lens_code *codes;
    uint32_t code_count;
    struct lens_pointers days[HOURS_DAYS];
    struct lens_rules rules;      /* OBJECT, EACH */
    struct lens_rules rules_back; /* the same, inverted */
    struct lens_op *ops;
    uint32_t op_count;
    struct tree *fallback;  /* default */
    struct tree *unwritten; /* backwards: what stands for nothing (the default of the way there) */
};

struct lens_rule {
    struct pointer to;
    bool is_scope; /* expr.from is a place in the source whose rules write right here */
    struct lens_expr expr;
};

struct lens_declared {
    struct pointer path;
    struct tree *why;
};

struct lens {
    struct arena arena;
    struct span from;
    struct span to;
    bool both;
    bool keeps_blank;
    struct lens_rules there;
    struct lens_rules back;
    struct lens_declared *declared[2];
    uint32_t declared_count[2];
    struct pattern **patterns; /* owned */
    uint32_t pattern_count;
    uint32_t pattern_room;
};

/* --- The compiler's own --- */

struct lens_compiler {
    struct lens *lens;
    struct arena *arena;
    const struct lens_neighbours *neighbours;
    struct lens_refusal *refusal;
    struct span uses[16]; /* names of the lenses being read, outermost first */
    uint32_t use_depth;
    uint32_t one_way; /* over 0: what is read has no inverse, or needs none */
    uint32_t nesting; /* of expressions within each other */
    uint32_t parts;   /* rules, expressions, words and pointers so far */
    size_t path_len;
    char path[sizeof(((struct lens_refusal *)0)->pointer)];
};

/* An empty one, with its arena; lens_free. */
struct lens *lens_new(void);
/* Fills the refusal with the place where the compiler is; ERR_BAD_LENS. found may be NULL. */
enum err compile_refuse(struct lens_compiler *c, enum lens_rule_broken rule,
                        const struct tree *found);
/* Steps into a member or item; what is returned is given to compile_leave. */
size_t compile_enter(struct lens_compiler *c, struct span key);
size_t compile_enter_name(struct lens_compiler *c, const char *key);
size_t compile_enter_item(struct lens_compiler *c, uint32_t index);
static inline void compile_leave(struct lens_compiler *c, size_t before)
{
    c->path_len = before;
}
/* Zeroed memory that counts as so many parts; NULL: return compile_out_of_room. */
void *compile_room(struct lens_compiler *c, uint32_t count, size_t bytes_each);
enum err compile_out_of_room(struct lens_compiler *c);
/* Only these members are allowed, and it must be an object. names ends in NULL. */
enum err compile_members(struct lens_compiler *c, const struct tree *object,
                         const char *const *names);
enum err compile_text(struct lens_compiler *c, const struct tree *value, struct span *out);
enum err compile_pointer(struct lens_compiler *c, const struct tree *value, struct pointer *out);
/* Texts or a single one; folded where the words are compared folded. */
enum err compile_words(struct lens_compiler *c, const struct tree *value, bool is_folded,
                       struct span **words_out, uint32_t *count_out);

/* Reads JSON text into the lens's arena; the bytes are kept there. */
enum err compile_parse(struct lens_compiler *c, struct span text, struct tree **out);
/* lens_expr.c. in_rule: the members `to` and `back` may stand beside it. */
enum err compile_expr(struct lens_compiler *c, const struct tree *value, bool in_rule,
                      struct lens_expr *out);
/* lens_ops.c */
enum err compile_ops(struct lens_compiler *c, const struct tree *value, struct lens_expr *out);
/* lens_rules.c: appends; where the lens is not both, back stays as it is. */
enum err compile_rules(struct lens_compiler *c, const struct tree *value, struct lens_rules *there,
                       struct lens_rules *back);
enum err compile_push_rule(struct lens_compiler *c, struct lens_rules *rules,
                           const struct lens_rule *rule);
/* lens_back.c: appends what the rule is on the way back. */
enum err compile_inverse(struct lens_compiler *c, const struct lens_rule *rule,
                         struct lens_rules *back);
/* lens_mednum.c: is this a mapping file of the hubs? Then the lens that it is, as JSON. */
bool mednum_is_mapping(const struct tree *value);
enum err mednum_lens(struct lens_compiler *c, const struct tree *mapping, struct tree **out);

/* --- The runner's own --- */

/* Where in the source or result the runner is; a chain from the innermost outwards. */
struct lens_place {
    const struct lens_place *parent;
    struct span pointer;
    uint32_t index; /* of an item of `pointer`; UINT32_MAX where it is no array */
};

struct lens_folded {
    const struct tree *value;
    struct span text;
};
#define LENS_FOLDED_SLOTS 64u

struct lens_work {
    struct arena arena;
    struct buf scratch;
    struct buf second;
    struct pattern_scratch *matcher;
    const struct lens_vocabularies *vocabularies;
    bool wants_losses;
    /* Of the lens being applied: */
    const struct lens *lens;
    struct span from; /* pointer read last, for faults */
    const struct lens_place *source_place;
    const struct lens_place *target_place;
    struct lens_fault *faults;
    struct lens_loss *losses;
    uint32_t fault_count;
    uint32_t loss_count;
    uint64_t fault_total;
    uint64_t loss_total;
    struct lens_folded folded[LENS_FOLDED_SLOTS];
};

/* lens_report.c */
void report_fault(struct lens_work *work, enum lens_fault_kind kind, const struct tree *found,
                  struct span expected);
void report_dropped(struct lens_work *work);
void report_unread(struct lens_work *work, struct tree *source, enum lens_direction direction);

/* lens_run.c: the value, or NULL. */
struct tree *run_expr(struct lens_work *work, const struct lens_expr *expr, struct tree *source);
/* run_ops.c and run_text.c: one operation on one value that is not absent. */
struct tree *run_op(struct lens_work *work, const struct lens_op *op, struct tree *value);
struct tree *run_text_op(struct lens_work *work, const struct lens_op *op, struct tree *value);
/* Copies the scratch buffer into a text value; NULL where it did not fit. */
struct tree *run_scratch_text(struct lens_work *work);
/* The text of a text, number or boolean, in the arena where it has to be made. False for others. */
bool run_text_of(struct lens_work *work, const struct tree *value, struct span *out);
/* Reads a decimal number with this sign, white space between digits allowed; finite. */
bool run_number_of(struct span text, uint8_t decimal, double *out);
struct span run_trimmed(struct span text);
/* {"lat","lon"} of numbers or texts in range; a fault and NULL otherwise. */
struct tree *run_point_of(struct lens_work *work, const struct tree *lat, struct span lat_from,
                          const struct tree *lon, struct span lon_from);
/* Markup removed from text; other values pass. */
struct tree *run_html(struct lens_work *work, struct tree *value);
/* The text in the first of these languages that is there, then one without language, then any. */
struct tree *run_language(struct lens_work *work, const struct span *languages, uint32_t count,
                          struct tree *value);
/* Before a lens or a core model is applied. */
void run_begin(struct lens_work *work, const struct lens *lens, struct tree *source);

#endif
