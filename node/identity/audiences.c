#include "node/identity/audiences.h"

#include <pthread.h>
#include <stdlib.h>

#include "proto/identity/multikey.h"

/* What a caller may do in a while: requests, refilled with time. */
struct allowance {
    uint64_t left_milli; /* thousandths of a request */
    uint64_t filled_ms;
};

struct person {
    char did[DID_BYTES_MAX + 1];
    struct public_key key;
    bool has_key;
    bool member;
    char **circles;
    size_t circle_count;
    uint64_t version;
    struct allowance allowance;
};

/* Sorted by DID. */
struct people {
    struct person **list;
    size_t count;
    size_t cap;
};

struct audiences {
    pthread_mutex_t loading; /* one at a time: the later one is not overtaken by the earlier */
    pthread_mutex_t mutex;   /* what follows; never held while the disk is read */
    struct people people;
    uint64_t versions; /* given out so far */
    struct allowance strangers;
};

/* ---- people ---- */

static void person_free(struct person *person)
{
    for (size_t i = 0; i < person->circle_count; i++)
        free(person->circles[i]);
    free(person->circles);
    free(person);
}

static void people_clear(struct people *people)
{
    for (size_t i = 0; i < people->count; i++)
        person_free(people->list[i]);
    free(people->list);
    *people = (struct people){.count = 0};
}

static int compare(struct span a, struct span b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

static size_t place_of(const struct people *people, struct span did, bool *found_out)
{
    size_t low = 0;
    size_t high = people->count;
    *found_out = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(span_cstr(people->list[middle]->did), did);
        if (order == 0) {
            *found_out = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct person *find(const struct people *people, struct span did)
{
    bool found;
    size_t place = place_of(people, did, &found);
    return found ? people->list[place] : NULL;
}

/* The person of this DID, added where it is missing. NULL: no memory. */
static struct person *need(struct people *people, const char *did)
{
    bool found;
    size_t place = place_of(people, span_cstr(did), &found);
    if (found)
        return people->list[place];
    if (strlen(did) > DID_BYTES_MAX)
        return NULL;
    if (people->count == people->cap) {
        size_t cap = people->cap == 0 ? 16 : people->cap * 2;
        struct person **grown = realloc(people->list, cap * sizeof(struct person *));
        if (grown == NULL)
            return NULL;
        people->list = grown;
        people->cap = cap;
    }
    struct person *person = calloc(1, sizeof(*person));
    if (person == NULL)
        return NULL;
    memcpy(person->did, did, strlen(did));
    memmove(people->list + place + 1, people->list + place,
            (people->count - place) * sizeof(struct person *));
    people->list[place] = person;
    people->count++;
    return person;
}

/* ---- loading ---- */

struct loading {
    struct people people;
    enum err err;
};

static void load_caller(void *ctx, const struct state_caller *caller)
{
    struct loading *loading = ctx;
    struct person *person = need(&loading->people, caller->did);
    if (person == NULL) {
        loading->err = ERR_NO_MEMORY;
        return;
    }
    person->member = caller->member;
    person->has_key = caller->request[0] != '\0' &&
                      multikey_read(span_cstr(caller->request), &person->key, NULL) == OK;
}

static void load_circle(void *ctx, const char *name, const char *did)
{
    struct loading *loading = ctx;
    struct person *person = need(&loading->people, did);
    char **grown = person == NULL ? NULL
                                  : realloc(person->circles,
                                            (person->circle_count + 1) * sizeof(*person->circles));
    if (grown == NULL) {
        loading->err = ERR_NO_MEMORY;
        return;
    }
    person->circles = grown;
    grown[person->circle_count] = strdup(name);
    if (grown[person->circle_count] == NULL)
        loading->err = ERR_NO_MEMORY;
    else
        person->circle_count++;
}

static bool is_same(const struct person *a, const struct person *b)
{
    if (a->member != b->member || a->has_key != b->has_key || a->circle_count != b->circle_count)
        return false;
    if (a->has_key && memcmp(a->key.bytes, b->key.bytes, sizeof(a->key.bytes)) != 0)
        return false;
    for (size_t i = 0; i < a->circle_count; i++) /* both in the order of names */
        if (strcmp(a->circles[i], b->circles[i]) != 0)
            return false;
    return true;
}

/* With the mutex held. */
static void take_over(struct audiences *audiences, struct people *fresh)
{
    for (size_t i = 0; i < fresh->count; i++) {
        struct person *person = fresh->list[i];
        const struct person *before = find(&audiences->people, span_cstr(person->did));
        bool same = before != NULL && is_same(before, person);
        person->version = same ? before->version : ++audiences->versions;
        if (before != NULL)
            person->allowance = before->allowance;
    }
    people_clear(&audiences->people);
    audiences->people = *fresh;
}

enum err audiences_load(struct audiences *audiences, struct state *state)
{
    struct loading loading = {.err = OK};
    pthread_mutex_lock(&audiences->loading);
    enum err err = state_callers(state, load_caller, &loading);
    if (err == OK)
        err = state_circles(state, load_circle, &loading);
    if (err == OK)
        err = loading.err;
    if (err == OK) {
        pthread_mutex_lock(&audiences->mutex);
        take_over(audiences, &loading.people);
        pthread_mutex_unlock(&audiences->mutex);
    } else {
        people_clear(&loading.people);
    }
    pthread_mutex_unlock(&audiences->loading);
    return err;
}

struct audiences *audiences_new(void)
{
    struct audiences *audiences = calloc(1, sizeof(*audiences));
    if (audiences == NULL)
        return NULL;
    pthread_mutex_init(&audiences->loading, NULL);
    pthread_mutex_init(&audiences->mutex, NULL);
    return audiences;
}

void audiences_free(struct audiences *audiences)
{
    if (audiences == NULL)
        return;
    people_clear(&audiences->people);
    pthread_mutex_destroy(&audiences->mutex);
    pthread_mutex_destroy(&audiences->loading);
    free(audiences);
}

/* ---- asking ---- */

bool audiences_request_key(struct audiences *audiences, struct span did, struct public_key *out)
{
    pthread_mutex_lock(&audiences->mutex);
    const struct person *person = find(&audiences->people, did);
    bool has = person != NULL && person->has_key;
    if (has)
        *out = person->key;
    pthread_mutex_unlock(&audiences->mutex);
    return has;
}

bool audiences_is_member(struct audiences *audiences, struct span did)
{
    pthread_mutex_lock(&audiences->mutex);
    const struct person *person = find(&audiences->people, did);
    bool is = person != NULL && person->member;
    pthread_mutex_unlock(&audiences->mutex);
    return is;
}

bool audiences_is_in_circle(struct audiences *audiences, struct span did, struct span name)
{
    bool is = false;
    pthread_mutex_lock(&audiences->mutex);
    const struct person *person = find(&audiences->people, did);
    for (size_t i = 0; person != NULL && i < person->circle_count && !is; i++)
        is = span_is(name, person->circles[i]);
    pthread_mutex_unlock(&audiences->mutex);
    return is;
}

uint64_t audiences_version(struct audiences *audiences, struct span did)
{
    pthread_mutex_lock(&audiences->mutex);
    const struct person *person = find(&audiences->people, did);
    uint64_t version = person == NULL ? 0 : person->version;
    pthread_mutex_unlock(&audiences->mutex);
    return version;
}

static enum err take(struct allowance *allowance, uint64_t now_ms, uint64_t per_minute_max)
{
    uint64_t full = (per_minute_max / 4 + 1) * 1000;
    uint64_t passed = now_ms > allowance->filled_ms ? now_ms - allowance->filled_ms : 0;
    passed = passed > 60000 ? 60000 : passed;
    uint64_t left = allowance->left_milli + passed * per_minute_max / 60;
    if (allowance->filled_ms == 0 || left > full)
        left = full;
    allowance->left_milli = left;
    allowance->filled_ms = now_ms;
    if (left < 1000)
        return ERR_TOO_MANY;
    allowance->left_milli -= 1000;
    return OK;
}

enum err audiences_take_turn(struct audiences *audiences, struct span did, uint64_t now_ms,
                             uint64_t per_minute_max)
{
    pthread_mutex_lock(&audiences->mutex);
    struct person *person = find(&audiences->people, did);
    enum err err = person == NULL ? take(&audiences->strangers, now_ms, CALLERS_UNKNOWN_RATE_MAX)
                                  : take(&person->allowance, now_ms, per_minute_max);
    pthread_mutex_unlock(&audiences->mutex);
    return err;
}

json_t *audiences_circles_json(struct audiences *audiences)
{
    json_t *circles = json_object();
    pthread_mutex_lock(&audiences->mutex);
    for (size_t i = 0; i < audiences->people.count && circles != NULL; i++) {
        const struct person *person = audiences->people.list[i];
        for (size_t c = 0; c < person->circle_count; c++) {
            json_t *list = json_object_get(circles, person->circles[c]);
            if (list == NULL) {
                list = json_array();
                (void)json_object_set_new(circles, person->circles[c], list);
            }
            (void)json_array_append_new(list, json_string(person->did));
        }
    }
    pthread_mutex_unlock(&audiences->mutex);
    return circles;
}
