/* Notes, checkpoints, tiles and keys as the standards' own pages show them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sodium.h>

#include "proto/base/base58.h"
#include "proto/base/base64.h"
#include "proto/identity/did.h"
#include "proto/log/checkpoint.h"
#include "proto/log/tile.h"
#include "tests/lib/vectors.h"

static struct buf load(const char *folder, const char *name)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    vectors_read(folder, name, &out);
    return out;
}

/* "<name>+<hex key id>+<base64 of the type and the key>\n". */
static void the_example_key_verifies_the_example_note(void **state)
{
    (void)state;
    struct buf vkey = load("tests/vectors/note", "foo.vkey");
    struct buf bytes = load("tests/vectors/note", "foo");
    struct cursor cursor = cursor_of(buf_span(&vkey));
    struct span name = cursor_until(&cursor, '+');
    struct span id_hex = cursor_until(&cursor, '+');
    struct span encoded = cursor_until(&cursor, '\n');
    assert_false(cursor.failed);
    struct buf typed_key;
    struct public_key key;
    buf_init(&typed_key, 100);
    assert_int_equal(base64_decode(encoded, &typed_key), OK);
    assert_int_equal(typed_key.len, 33);
    assert_int_equal(typed_key.data[0], 1);
    memcpy(key.bytes, typed_key.data + 1, sizeof(key.bytes));

    uint8_t id[4];
    uint8_t want[4];
    size_t len = 0;
    note_key_id(name, &key, id);
    assert_int_equal(
        sodium_hex2bin(want, sizeof(want), (const char *)id_hex.data, id_hex.len, NULL, &len, NULL),
        0);
    assert_int_equal(len, 4);
    assert_memory_equal(id, want, 4);

    struct note note;
    assert_int_equal(note_read(buf_span(&bytes), &note, NULL), OK);
    assert_true(span_is(note.text, "This is an example message.\n"));
    assert_int_equal(note_verify(&note, name, &key, NULL), OK);
    buf_clear(&typed_key);
    buf_clear(&bytes);
    buf_clear(&vkey);
}

static void an_empty_line_inside_a_text_is_text(void **state)
{
    (void)state;
    struct buf bytes = load("tests/vectors/note", "quasimodo");
    struct note note;
    assert_int_equal(note_read(buf_span(&bytes), &note, NULL), OK);
    assert_int_equal(note.count, 1);
    assert_true(span_is(note.text, "Ognuno sta solo sul cuor della terra\n"
                                   "trafitto da un raggio di sole:\n"
                                   "\n"
                                   "ed \xc3\xa8 subito sera.\n"));
    assert_true(span_is(note.signatures[0].name, "quasimodo.example/salvatore"));
    assert_int_equal(note.signatures[0].blob.len, 64);
    buf_clear(&bytes);
}

static void reads_the_example_checkpoint_bare_and_cosigned(void **state)
{
    (void)state;
    static const char *const names[] = {"checkpoint", "cosigned"};
    for (unsigned i = 0; i < 2; i++) {
        struct buf bytes = load("tests/vectors/note", names[i]);
        struct note note;
        struct checkpoint checkpoint;
        struct buf back;
        assert_int_equal(note_read(buf_span(&bytes), &note, NULL), OK);
        assert_int_equal(note.count, i + 1);
        assert_int_equal(checkpoint_read(note.text, &checkpoint, NULL), OK);
        assert_true(span_is(checkpoint.origin, "example.com/behind-the-sofa"));
        assert_int_equal(checkpoint.head.size, 20852163);
        buf_init(&back, 1000);
        checkpoint_append_text(&back, checkpoint.origin, &checkpoint.head);
        assert_true(span_equal(buf_span(&back), note.text));
        if (i == 1) { /* a timestamp and a signature */
            assert_true(span_is(note.signatures[1].name, "witness.example.com/w1"));
            assert_int_equal(note.signatures[1].blob.len, 8 + 64);
        }
        buf_clear(&back);
        buf_clear(&bytes);
    }
}

static unsigned width_at(unsigned tile_level, uint64_t tile_index, uint64_t size)
{
    struct tile tile = tile_of_node(tile_level * TILE_HEIGHT, tile_index * TILE_WIDTH, size);
    assert_int_equal(tile.level, tile_level);
    assert_int_equal(tile.index, tile_index);
    return tile.width;
}

/* C2SP tlog-tiles, Partial Tiles: its two examples. */
static void a_tree_of_70000_has_the_tiles_of_the_example(void **state)
{
    (void)state;
    assert_int_equal(width_at(0, 0, 70000), 256);
    assert_int_equal(width_at(0, 272, 70000), 256);
    assert_int_equal(width_at(0, 273, 70000), 112);
    assert_int_equal(width_at(1, 0, 70000), 256);
    assert_int_equal(width_at(1, 1, 70000), 17);
    assert_int_equal(width_at(2, 0, 70000), 1);
    assert_int_equal(width_at(0, 0, 256), 256);
    assert_int_equal(width_at(1, 0, 256), 1);
}

static void names_published_keys_as_published(void **state)
{
    (void)state;
    struct buf file = load("tests/vectors/did-key", "ed25519");
    struct cursor cursor = cursor_of(buf_span(&file));
    unsigned count = 0;
    while (!cursor_at_end(&cursor)) {
        struct span seed_hex = cursor_until(&cursor, ' ');
        struct span did = cursor_until(&cursor, ' ');
        struct span base58 = cursor_until(&cursor, '\n');
        assert_false(cursor.failed);
        uint8_t seed[32];
        uint8_t secret[64];
        size_t len = 0;
        struct public_key key;
        struct public_key read;
        assert_int_equal(sodium_hex2bin(seed, sizeof(seed), (const char *)seed_hex.data,
                                        seed_hex.len, NULL, &len, NULL),
                         0);
        assert_int_equal(len, sizeof(seed));
        assert_int_equal(crypto_sign_seed_keypair(key.bytes, secret, seed), 0);
        struct buf text;
        buf_init(&text, 200);
        did_key_append(&text, &key);
        assert_true(span_equal(buf_span(&text), did));
        assert_int_equal(did_key_read(did, &read, NULL), OK);
        assert_memory_equal(read.bytes, key.bytes, sizeof(key.bytes));
        buf_reset(&text);
        base58_append(&text, span_of(key.bytes, sizeof(key.bytes)));
        assert_true(span_equal(buf_span(&text), base58));
        buf_clear(&text);
        count++;
    }
    assert_int_equal(count, 5);
    buf_clear(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_key_verifies_the_example_note),
        cmocka_unit_test(an_empty_line_inside_a_text_is_text),
        cmocka_unit_test(reads_the_example_checkpoint_bare_and_cosigned),
        cmocka_unit_test(a_tree_of_70000_has_the_tiles_of_the_example),
        cmocka_unit_test(names_published_keys_as_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
