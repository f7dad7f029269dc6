/* The keeper's state in the hands of a recovery: read, rebuilt, raised; never replaced or lowered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "keys/keeper_state.h"
#include "keys/keys.h"
#include "keys/refusal.h"
#include "tests/lib/folder.h"
#include "tests/lib/smalltree.h"

static const struct smalltree honest = {.fork_at = SMALLTREE_FORK_NEVER};

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
    place->path = folder_path(place->folder, KEYS_STATE);
    assert_int_equal(keys_init(place->folder, NULL, &place->key, NULL), OK);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    free(place->path);
    folder_remove(place->folder);
    free(place);
    return 0;
}

static enum err raise_to(const struct place *place, uint64_t size)
{
    struct merkle_head head = smalltree_head(&honest, size);
    struct why why = {0};
    return keys_raise_state(place->folder, &place->key, &head, &why);
}

static enum err rebuild(const struct place *place, uint64_t size)
{
    struct merkle_head head = smalltree_head(&honest, size);
    struct why why = {0};
    return keys_rebuild_state(place->folder, &place->key, &head, &why);
}

static void assert_remembers(const struct place *place, uint64_t size)
{
    struct merkle_head head = smalltree_head(&honest, size);
    struct merkle_head last;
    struct why why = {0};
    assert_int_equal(keys_read_state(place->folder, &place->key, &last, &why), OK);
    assert_int_equal(last.size, size);
    assert_memory_equal(last.root.bytes, head.root.bytes, sizeof(head.root.bytes));
}

static void is_raised_and_never_lowered(void **state)
{
    const struct place *place = *state;
    assert_remembers(place, 0);
    assert_int_equal(raise_to(place, 7), OK);
    assert_remembers(place, 7);
    assert_int_equal(raise_to(place, 6), ERR_REFUSED_BY_KEEPER);
    assert_remembers(place, 7);
}

static void is_rebuilt_when_it_is_missing(void **state)
{
    const struct place *place = *state;
    assert_int_equal(unlink(place->path), 0);
    struct merkle_head last;
    struct why why = {0};
    assert_int_equal(keys_read_state(place->folder, &place->key, &last, &why), ERR_DAMAGED);
    assert_int_equal(rebuild(place, 9), OK);
    assert_remembers(place, 9);
    struct stat info;
    assert_int_equal(stat(place->path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
}

static void is_rebuilt_when_both_slots_are_damaged(void **state)
{
    const struct place *place = *state;
    uint8_t nothing[KEEPER_STATE_FILE_BYTES] = {0};
    folder_write(place->path, nothing, sizeof(nothing), 0600);
    assert_int_equal(rebuild(place, 3), OK);
    assert_remembers(place, 3);
}

static void is_never_replaced_while_it_can_be_read(void **state)
{
    const struct place *place = *state;
    assert_int_equal(raise_to(place, 5), OK);
    assert_int_equal(rebuild(place, 2), ERR_CONFLICT);
    assert_int_equal(rebuild(place, 8), ERR_CONFLICT);
    assert_remembers(place, 5);
    size_t len;
    uint8_t *bytes = (uint8_t *)folder_read(place->path, &len);
    assert_non_null(bytes);
    bytes[40] ^= 1; /* one slot of two */
    folder_write(place->path, bytes, len, 0600);
    free(bytes);
    assert_int_equal(rebuild(place, 8), ERR_CONFLICT);
    assert_remembers(place, 5);
}

static void of_another_key_is_left_alone(void **state)
{
    const struct place *place = *state;
    struct place other = *place;
    other.key.bytes[0] ^= 1;
    struct merkle_head last;
    struct why why = {0};
    assert_int_equal(keys_read_state(other.folder, &other.key, &last, &why), ERR_CONFLICT);
    assert_int_equal(rebuild(&other, 4), ERR_CONFLICT);
    assert_remembers(place, 0);
}

static void of_a_running_keeper_is_left_alone(void **state)
{
    const struct place *place = *state;
    struct keeper_state *open;
    assert_int_equal(keeper_state_open(place->path, &place->key, 0, &open, NULL), OK);
    assert_int_equal(raise_to(place, 4), ERR_LOCKED);
    assert_int_equal(rebuild(place, 4), ERR_LOCKED);
    assert_remembers(place, 0); /* reading needs no lock */
    keeper_state_close(open);
}

static void in_a_file_that_others_can_read_is_refused(void **state)
{
    const struct place *place = *state;
    assert_int_equal(chmod(place->path, 0644), 0);
    assert_int_equal(rebuild(place, 4), ERR_PERMISSIONS);
    assert_int_equal(chmod(place->path, 0600), 0);
    assert_remembers(place, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_raised_and_never_lowered),
        TEST(is_rebuilt_when_it_is_missing),
        TEST(is_rebuilt_when_both_slots_are_damaged),
        TEST(is_never_replaced_while_it_can_be_read),
        TEST(of_another_key_is_left_alone),
        TEST(of_a_running_keeper_is_left_alone),
        TEST(in_a_file_that_others_can_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
