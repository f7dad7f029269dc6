/* The last signed head on disk: torn, rotten, missing, foreign, locked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "keys/keeper_state.h"
#include "tests/lib/folder.h"

struct place {
    char *folder;
    char *path;
    struct public_key key;
};

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    place->folder = folder_make();
    place->path = folder_path(place->folder, "keeper.state");
    memset(place->key.bytes, 3, sizeof(place->key.bytes));
    assert_int_equal(keeper_state_create(place->path, &place->key, NULL), OK);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    folder_remove(place->folder);
    free(place->path);
    free(place);
    return 0;
}

static struct merkle_head head_of(uint64_t size)
{
    struct merkle_head head = {.size = size};
    memset(head.root.bytes, (int)(size % 251), sizeof(head.root.bytes));
    return head;
}

static struct keeper_state *open_state(const struct place *place)
{
    struct keeper_state *state = NULL;
    assert_int_equal(keeper_state_open(place->path, &place->key, 0, &state, NULL), OK);
    return state;
}

static void store(struct keeper_state *state, uint64_t size)
{
    struct merkle_head head = head_of(size);
    assert_int_equal(keeper_state_store(state, &head, NULL), OK);
}

/* Opens the file as it is and says which size was last signed. */
static uint64_t size_on_disk(const struct place *place)
{
    struct keeper_state *state = open_state(place);
    struct merkle_head last = keeper_state_last(state);
    keeper_state_close(state);
    struct merkle_head expected = head_of(last.size);
    if (last.size > 0)
        assert_memory_equal(last.root.bytes, expected.root.bytes, sizeof(last.root.bytes));
    return last.size;
}

static enum err open_fails(const struct place *place)
{
    struct keeper_state *state = NULL;
    struct why why = {0};
    enum err err = keeper_state_open(place->path, &place->key, 0, &state, &why);
    assert_null(state);
    assert_non_null(why.rule);
    return err;
}

static void begins_with_the_empty_tree(void **state)
{
    struct place *place = *state;
    struct keeper_state *opened = open_state(place);
    struct merkle_head last = keeper_state_last(opened);
    struct hash empty = merkle_empty_root();
    assert_int_equal(last.size, 0);
    assert_true(hash_equal(&last.root, &empty));
    keeper_state_close(opened);
}

static void remembers_the_last_of_many_heads(void **state)
{
    struct place *place = *state;
    for (uint64_t size = 1; size < 40; size += 3) {
        struct keeper_state *opened = open_state(place);
        store(opened, size);
        store(opened, size + 1);
        assert_int_equal(keeper_state_last(opened).size, size + 1);
        keeper_state_close(opened);
        assert_int_equal(size_on_disk(place), size + 1);
    }
}

/* The file before and after one head was stored, and where it was synced first. */
struct images {
    char *before;
    char *after;
    size_t len;
    size_t first; /* offset of the slot that was synced */
    size_t copy;  /* of the other one */
};

static struct images make_images(const struct place *place)
{
    struct images images;
    struct keeper_state *opened = open_state(place);
    store(opened, 4);
    images.before = folder_read(place->path, &images.len);
    store(opened, 9);
    images.after = folder_read(place->path, &images.len);
    keeper_state_close(opened);
    assert_int_equal(images.len, KEEPER_STATE_FILE_BYTES);
    /* Sequence numbers: created 1, opened 2, then 3 and 4, synced at their parity. */
    images.first = 0;
    images.copy = KEEPER_STATE_SLOT_STRIDE;
    return images;
}

static void images_free(struct images *images)
{
    free(images->before);
    free(images->after);
}

static void write_mixed(const struct place *place, const struct images *images, size_t first_new,
                        size_t copy_new)
{
    char mixed[KEEPER_STATE_FILE_BYTES];
    memcpy(mixed, images->before, sizeof(mixed));
    memcpy(mixed + images->first, images->after + images->first, first_new);
    memcpy(mixed + images->copy, images->after + images->copy, copy_new);
    folder_write(place->path, mixed, sizeof(mixed), 0600);
}

static void a_write_torn_at_any_byte_leaves_the_head_before(void **state)
{
    struct place *place = *state;
    struct images images = make_images(place);
    for (size_t cut = 0; cut < KEEPER_STATE_SLOT_BYTES; cut++) {
        write_mixed(place, &images, cut, 0);
        assert_int_equal(size_on_disk(place), 4);
    }
    write_mixed(place, &images, KEEPER_STATE_SLOT_BYTES, 0);
    assert_int_equal(size_on_disk(place), 9);
    images_free(&images);
}

static void a_copy_torn_at_any_byte_leaves_the_new_head(void **state)
{
    struct place *place = *state;
    struct images images = make_images(place);
    for (size_t cut = 0; cut <= KEEPER_STATE_SLOT_BYTES; cut++) {
        write_mixed(place, &images, KEEPER_STATE_SLOT_BYTES, cut);
        assert_int_equal(size_on_disk(place), 9);
    }
    images_free(&images);
}

static void a_rotten_byte_in_either_slot_does_not_take_the_keeper_back(void **state)
{
    struct place *place = *state;
    struct images images = make_images(place);
    for (size_t slot = 0; slot < 2; slot++)
        for (size_t i = 0; i < KEEPER_STATE_SLOT_BYTES; i++) {
            char *byte = images.after + slot * KEEPER_STATE_SLOT_STRIDE + i;
            *byte ^= 0x10;
            folder_write(place->path, images.after, images.len, 0600);
            assert_int_equal(size_on_disk(place), 9);
            *byte ^= 0x10;
        }
    images_free(&images);
}

static void signs_nothing_when_both_slots_are_gone(void **state)
{
    struct place *place = *state;
    struct images images = make_images(place);
    images.after[40] ^= 1;
    images.after[KEEPER_STATE_SLOT_STRIDE + 100] ^= 1;
    folder_write(place->path, images.after, images.len, 0600);
    assert_int_equal(open_fails(place), ERR_DAMAGED);
    folder_write(place->path, "", 0, 0600);
    assert_int_equal(open_fails(place), ERR_DAMAGED);
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(open_fails(place), ERR_DAMAGED);
    images_free(&images);
}

static void a_file_cut_short_still_has_its_first_slot(void **state)
{
    struct place *place = *state;
    struct images images = make_images(place);
    folder_write(place->path, images.after, KEEPER_STATE_FILE_BYTES - 1, 0600);
    assert_int_equal(size_on_disk(place), 9);
    images_free(&images);
}

static void refuses_the_state_of_another_key(void **state)
{
    struct place *place = *state;
    place->key.bytes[31] ^= 1;
    assert_int_equal(open_fails(place), ERR_DAMAGED);
}

static void refuses_a_second_keeper_and_a_file_that_others_read(void **state)
{
    struct place *place = *state;
    struct keeper_state *opened = open_state(place);
    assert_int_equal(open_fails(place), ERR_LOCKED);
    keeper_state_close(opened);
    size_t len;
    char *bytes = folder_read(place->path, &len);
    folder_write(place->path, bytes, len, 0644);
    assert_int_equal(open_fails(place), ERR_PERMISSIONS);
    free(bytes);
}

static void after_a_failed_write_nothing_counts_until_it_is_opened_anew(void **state)
{
    struct place *place = *state;
    struct keeper_state *opened = open_state(place);
    store(opened, 5);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit none = {.rlim_cur = 1, .rlim_max = before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    struct merkle_head head = head_of(6);
    enum err err = keeper_state_store(opened, &head, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(err, ERR_IO);
    assert_int_equal(keeper_state_store(opened, &head, NULL), ERR_IO);
    keeper_state_close(opened);
    assert_int_equal(size_on_disk(place), 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(begins_with_the_empty_tree),
        TEST(remembers_the_last_of_many_heads),
        TEST(a_write_torn_at_any_byte_leaves_the_head_before),
        TEST(a_copy_torn_at_any_byte_leaves_the_new_head),
        TEST(a_rotten_byte_in_either_slot_does_not_take_the_keeper_back),
        TEST(signs_nothing_when_both_slots_are_gone),
        TEST(a_file_cut_short_still_has_its_first_slot),
        TEST(refuses_the_state_of_another_key),
        TEST(refuses_a_second_keeper_and_a_file_that_others_read),
        TEST(after_a_failed_write_nothing_counts_until_it_is_opened_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
