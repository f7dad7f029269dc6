/* Every bound on what comes from outside, one line each with its reason. */
#ifndef MAILLON_PROTO_LIMITS_H
#define MAILLON_PROTO_LIMITS_H

#include <assert.h>

/* clang-format off */

#define LINE_BYTES_MAX (256u * 1024u)         /* DESIGN 4: a record is one line; larger things are files */
#define JSON_DEPTH_MAX 64u                    /* DESIGN 4: deeper than any real sector's data */
#define JSON_TEXT_BYTES_MAX (64u * 1024u * 1024u) /* a schema, an import file held whole; tape offsets fit */
#define ID_BYTES_MAX 200u                     /* DESIGN 4 */
#define SCHEMA_NAME_BYTES_MAX 128u            /* pack/type@major */
#define LICENSE_BYTES_MAX 256u                /* an SPDX expression of a few terms */
#define LICENSE_TERMS_MAX 64u                 /* ids in one expression: 256 bytes hold fewer */
#define LICENSE_NODES_MAX 128u                /* ids and what joins them */
#define LICENSE_DEPTH_MAX 16u                 /* brackets inside brackets */
#define AUDIENCE_BYTES_MAX 72u                /* "circle:" and a name of 64 */
#define DID_BYTES_MAX 512u                    /* did:webvh with a long host name */
#define NONCE_BYTES 16u                       /* 128 bits: a leaf hash tells nothing of its record */
#define NONCE_TEXT_BYTES 22u                  /* the same in base64url */

#define PATTERN_BYTES_MAX 8192u               /* an expression as written; the longest of real schemas has 179 */
#define PATTERN_DEPTH_MAX 64u                 /* its nested groups: the parser recurses */
#define PATTERN_GROUPS_MAX 255u               /* its capturing groups */
#define PATTERN_COUNT_MAX 65535u              /* a number in braces: PCRE2 has no larger one */
#define PATTERN_TRANSLATED_BYTES_MAX (1024u * 1024u) /* for PCRE2: sets spelled out are longer */
#define PATTERN_JIT_BYTES_MAX 16384u          /* compiled; machine code for larger ones takes too long to make */
#define PATTERN_JIT_STACK_BYTES_MAX (8u * 1024u * 1024u) /* of a thread that matches, as it is needed */
#define PATTERN_SUBJECT_BYTES_MAX LINE_BYTES_MAX /* a string of a record, or a key */
#define PATTERN_STEPS_BASE 10000u             /* of backtracking: ^(a+)+$ gives up within 0.05 ms */
#define PATTERN_STEPS_PER_BYTE 16u            /* more of it for a longer subject */
#define PATTERN_STEPS_MIN 4u                  /* with fewer PCRE2 is not asked */
#define PATTERN_WORK_MAX (1ull << 28)         /* steps x bytes of a match: at most 0.3 s, however hostile */
#define PATTERN_STATES_MAX 4096u              /* of the linear matcher: repeated parts are copied */
#define PATTERN_VISITS_MAX (1ull << 26)       /* states it meets in one match: 0.3 s */
#define PATTERN_BACKTRACK_DEPTH_MAX 1000000u  /* the heap is the tighter bound, but for tiny frames */
#define PATTERN_HEAP_KIB_MAX (16u * 1024u)    /* for backtracking, of a thread that matches */

#define MERKLE_PROOF_HASHES_MAX 128u          /* RFC 6962: at most 2 x 64 for any size of 64 bits */
#define NOTE_BYTES_MAX (64u * 1024u)          /* a checkpoint with hundreds of cosignatures */
#define NOTE_SIGNATURES_MAX 128u              /* C2SP signed-note: at least 16 must be possible */

#define SYNC_BATCH_ENTRIES_MAX 4096u          /* DESIGN 5: entries per proof */
#define SYNC_BATCH_BYTES_SOFT (4u * 1024u * 1024u) /* a sender closes a batch at this size */
#define SYNC_BATCH_BYTES_MAX (8u * 1024u * 1024u)  /* a receiver refuses beyond it: bounded memory */
#define SYNC_BATCHES_IN_FLIGHT_MAX 3u         /* batches handed to the writer before reading pauses */
#define SYNC_LOGS_MAX 10000u                  /* logs that one peer may relay */
#define SYNC_REQUEST_BYTES_MAX (8u * 1024u * 1024u) /* the state vector of as many logs */
#define SYNC_CONTROL_LINE_BYTES_MAX (256u * 1024u)  /* withheld leaves and notes */
#define SYNC_WITHHELD_PER_LINE 1000u          /* leaves that a writer puts on one line: 47 kB */
#define SYNC_WANTED_RANGES_MAX 10000u         /* of entries held as leaves alone, in one request */
#define SYNC_PING_MS 15000u                   /* DESIGN 5 */
#define SYNC_SILENCE_MS 30000u                /* a stream silent for two pings is given up */

#define ALIAS_BYTES_MAX (8u * 1024u * 1024u)  /* the aliases of one pack as values, and what their names become */

#define GRAPH_NODES_MAX 400000u               /* of a JSON-LD document: what fits JSON_TEXT_BYTES_MAX at 160 bytes each */
#define GRAPH_BYTES_MAX (128u * 1024u * 1024u) /* their names and places; the document itself comes on top */
#define GRAPH_VALUES_MAX (LINE_BYTES_MAX / 2u) /* of one body: more cannot fit a line */
#define GRAPH_WORK_MAX 50000000u              /* values of all bodies of a document: one node that thousands refer to is bounded */
#define GRAPH_SHAPE_VALUES 4096u              /* and values looked at for it */
#define GRAPH_SHAPE_DEPTH 4u                  /* references followed to order what was strewn over a document */
#define FAULT_BYTES_MAX (4u * NOTE_BYTES_MAX) /* two notes with their escapes, and a proof */
#define FAULT_BUNDLE_BYTES_MAX (FAULT_BYTES_MAX + 16u * 1024u) /* two more proofs */

#define INTEGRITY_BYTES_MAX (1024u * 1024u)   /* a signed document: four record lines */
#define INTEGRITY_PROOFS_MAX 16u              /* of one document: each costs a signature check */
#define METHOD_URL_BYTES_MAX (DID_BYTES_MAX + 128u) /* a DID and the fragment of a key */

#define STRUCTURED_MEMBERS_MAX 16u            /* signatures or digests of one message */
#define STRUCTURED_ITEMS_MAX 64u              /* components that they cover, all together */
#define STRUCTURED_PARAMETERS_MAX 64u         /* eight for each of half as many signatures */
#define HTTPSIG_BASE_BYTES_MAX (32u * 1024u)  /* what is signed: twice the head of a message */
#define HTTPSIG_NONCE_BYTES_MAX 64u           /* text: 22 characters hold 128 bits */
#define HTTPSIG_SKEW_S_MAX 3600u              /* clocks further apart than an hour are wrong */

#define CIRCLE_ROWS_MAX 100000u               /* members of all circles of one author, in memory */
#define REQUEST_NONCES_MAX (1u << 18)         /* remembered at a time, for all callers: 32 MiB at most */
#define CALLERS_UNKNOWN_RATE_MAX 600u         /* signed requests in a minute of all callers that are in no list, together */

#define WEBVH_BYTES_MAX (4u * 1024u * 1024u)  /* a did.jsonl: a thousand entries of a node */
#define WEBVH_ENTRIES_MAX 1024u               /* decades of monthly changes */
#define WEBVH_ENTRY_BYTES_MAX (64u * 1024u)   /* a document of many keys and services */
#define WEBVH_WITNESS_BYTES_MAX (512u * 1024u)/* a did-witness.json */
#define WEBVH_WITNESS_PROOFS_MAX 512u         /* each costs a signature check */
#define WEBVH_KEYS_MAX 16u                    /* updateKeys of one entry */
#define WEBVH_NEXT_KEYS_MAX 32u               /* nextKeyHashes of one entry */
#define WEBVH_WITNESSES_MAX 16u               /* of one entry */
#define WEBVH_WITNESS_SETS_MAX 32u            /* different ones in a history */
#define DOCUMENT_METHODS_MAX 32u              /* verification methods of one DID document */
#define DOCUMENT_KEYS_MAX 4u                  /* log or request keys at one time: old and new */
#define DOCUMENT_PINS_MAX 8u                  /* TLS keys at one time */
#define URL_BYTES_MAX 512u                    /* of a node: scheme, host and port */
#define SCHEMA_BYTES_MAX (1024u * 1024u)      /* one schema document: three times the largest real one seen */
#define SCHEMA_DEPTH_MAX 128u                 /* JSON nesting of a schema: two levels for each of its own */
#define SCHEMA_DOCUMENTS_MAX 2000u            /* of a library: every sector's types and vocabularies */
#define SCHEMA_URI_BYTES_MAX 2048u            /* an address resolved against its base */
#define SCHEMA_NODES_MAX 20000u               /* subschemas of all documents that one schema reaches */
#define SCHEMA_REFERENCES_MAX 4096u           /* of the same; krakend, the largest real one, has 1,400 */
#define SCHEMA_PATTERNS_MAX 512u              /* different regular expressions */
#define SCHEMA_ENUM_MAX 10000u                /* values of one enum: a country's municipalities do not fit, on purpose */
#define SCHEMA_DYNAMIC_ANCHORS_MAX 8u         /* names; what they multiply is bounded by the program */
#define SCHEMA_CONTEXTS_MAX 256u              /* ways in which dynamic anchors can be bound at once */
#define SCHEMA_NESTING_MAX 64u                /* schemas applied to one value within each other */
#define SCHEMA_INSTRUCTIONS_MAX 200000u       /* of a program: 3.2 MB */
#define SCHEMA_RUN_DEPTH_MAX 512u             /* recursion of a run: JSON_DEPTH_MAX values times a few schemas each */
#define SCHEMA_RUN_STEPS_BASE 20000u          /* steps that any instance may take */
#define SCHEMA_RUN_STEPS_PER_TOKEN 2000u      /* and for each of its tokens */
#define SCHEMA_RUN_STEPS_MAX 20000000u        /* in all: about 0.2 s */
#define SCHEMA_RUN_MARKS_BYTES_MAX (1024u * 1024u) /* what unevaluatedProperties remembers at one moment */
#define SCHEMA_ERRORS_MAX 64u                 /* of one explanation: nobody reads more */
#define PACK_FILE_BYTES_MAX (1024u * 1024u)   /* a schema or vocabulary that people can still read */

#define IMPORT_ITEM_BYTES_MAX (1024u * 1024u) /* one item as written: a record with indents and escapes */
#define IMPORT_COLUMNS_MAX 4096u              /* of a CSV file: far beyond any table of people */
#define IMPORT_NESTING_MAX 1024u              /* brackets followed while the end of an item is sought */
#define IMPORT_CONTEXT_BYTES_MAX (16u * 1024u)/* a JSON-LD @context repeated in each body */
#define IMPORT_FAULTS_MAX 1000u               /* refusals listed one by one; the rest are counted */
#define IMPORT_GRAPH_BYTES_MAX (1024u * 1024u * 1024u) /* values of a JSON-LD document, which is held whole: about eight times its text */
#define IMPORT_TALLIES_MAX 200u               /* kinds of loss or doubt told of one file; the rest are counted */
#define PUBLISH_CHUNK_LINES_MAX 16384u        /* lines of one request to the own node: several batches, written while the next is read */
#define PUBLISH_CHUNK_BYTES_MAX (15u * 1024u * 1024u) /* their bytes: less than a request may have */
#define PUBLISH_WHOLE_LINES_MAX SYNC_BATCH_ENTRIES_MAX /* of a request that is all or nothing: one batch */
#define PUBLISH_WHOLE_BYTES_MAX (SYNC_BATCH_BYTES_SOFT - 1024u * 1024u) /* nonces and times come on top */

#define LENS_BYTES_MAX (1024u * 1024u)        /* a file of a pack */
#define LENS_PARTS_MAX 10000u                 /* rules, expressions, words, pointers: each costs time per record */
#define LENS_TABLE_ROWS_MAX 50000u            /* a table of codes: the largest registers have as many */
#define LENS_NESTING_MAX 16u                  /* expressions within each other */
#define LENS_OPS_MAX 32u                      /* of one expression */
#define LENS_WRAP_SEGMENTS_MAX 4u             /* objects that one operation puts round a value: bounds the recursion */
#define LENS_MEMORY_BYTES_MAX (32u * 1024u * 1024u) /* a compiled lens */
#define LENS_WORK_BYTES_MAX (64u * 1024u * 1024u)   /* source and result of one record: 256 KiB of the smallest values */
#define LENS_TEXT_BYTES_MAX (1024u * 1024u)   /* one text while it is being made */
#define LENS_FAULTS_MAX 64u                   /* listed one by one; the rest are counted */
#define LENS_LOSSES_MAX 256u                  /* likewise */
#define LENS_REPLACEMENTS_MAX 10000u          /* in one text */
#define LENS_EDGES_MAX 1024u                 /* lenses among which a chain is sought; those beyond are not used */
#define LENS_FOUND_BYTES_MAX 60u              /* of a value in a fault: enough to recognise it */
#define PACK_BYTES_MAX (16u * 1024u * 1024u)  /* a pack is read whole, and carried in a log */
#define PACK_FILES_MAX 512u                   /* types, lenses and examples of one sector */
#define PACK_NAME_BYTES_MAX 64u               /* of packs, types, vocabularies, lenses: pack/type@N fits SCHEMA_NAME_BYTES_MAX */
#define PACK_PATH_BYTES_MAX 256u              /* of a file within its pack */
#define PACK_FINDINGS_MAX 200u                /* more than a person corrects at once; the rest are counted */
#define PACK_MAJOR_MAX 9999u                  /* four digits: pack/type@N has a longest form */


/* clang-format on */

static_assert(IMPORT_ITEM_BYTES_MAX > LINE_BYTES_MAX,
              "a body that fits may be written with spaces");
static_assert(SYNC_BATCH_BYTES_SOFT + LINE_BYTES_MAX <= SYNC_BATCH_BYTES_MAX,
              "a sender's last line may cross the soft limit");
static_assert(SYNC_WITHHELD_PER_LINE * 47 + 64 <= SYNC_CONTROL_LINE_BYTES_MAX,
              "a full run of withheld leaves is a line that a receiver takes");
static_assert(WEBVH_ENTRY_BYTES_MAX <= INTEGRITY_BYTES_MAX, "an entry is a signed document");
static_assert(SYNC_SILENCE_MS >= 2 * SYNC_PING_MS, "one lost ping is no silence");

#endif
