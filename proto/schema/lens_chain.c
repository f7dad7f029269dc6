/* The shortest way from one vocabulary to another, breadth first. */
#include "proto/limits.h"
#include "proto/schema/lens.h"

/* A lens in one direction, where it was first reached. */
struct reached {
    uint16_t before; /* the lens that led to it */
    uint8_t direction_before;
    uint8_t length; /* lenses up to and with this one; 0: not reached */
};

static bool is_goal(struct span name, struct span to)
{
    bool is_family = to.len > 0 && to.data[to.len - 1] == '/';
    return span_equal(name, to) || (is_family && span_starts_with(name, to));
}

static struct span source_of(const struct lens_edge *edge, unsigned direction)
{
    return direction == LENS_THERE ? edge->from : edge->to;
}

/* The first lens of one step less that ends where this one begins. */
static bool find_before(const struct lens_edge *edges, uint32_t edge_count,
                        struct reached (*reached)[2], struct span source, unsigned length,
                        struct reached *out)
{
    for (uint32_t i = 0; i < edge_count; i++) {
        for (unsigned direction = LENS_THERE; direction <= LENS_BACK; direction++) {
            if (reached[i][direction].length != length - 1 ||
                !span_equal(source_of(&edges[i], !direction), source))
                continue;
            *out = (struct reached){.before = (uint16_t)i,
                                    .direction_before = (uint8_t)direction,
                                    .length = (uint8_t)length};
            return true;
        }
    }
    return false;
}

static unsigned trace(struct reached (*reached)[2], uint32_t lens, unsigned direction,
                      struct lens_step *steps_out)
{
    unsigned count = reached[lens][direction].length;
    for (unsigned i = count; i > 0; i--) {
        struct reached step = reached[lens][direction];
        steps_out[i - 1] =
            (struct lens_step){.lens = lens, .direction = (enum lens_direction)direction};
        lens = step.before;
        direction = step.direction_before;
    }
    return count;
}

unsigned lens_chain(const struct lens_edge *edges, uint32_t edge_count, struct span from,
                    struct span to, struct lens_step steps_out[LENS_CHAIN_MAX])
{
    struct reached reached[LENS_EDGES_MAX][2];
    if (edge_count > LENS_EDGES_MAX)
        edge_count = LENS_EDGES_MAX;
    memset(reached, 0, sizeof(reached));
    if (is_goal(from, to))
        return 0;
    for (unsigned length = 1; length <= LENS_CHAIN_MAX; length++) {
        for (uint32_t i = 0; i < edge_count; i++) {
            for (unsigned direction = LENS_THERE; direction <= LENS_BACK; direction++) {
                struct reached *here = &reached[i][direction];
                struct span source = source_of(&edges[i], direction);
                if (here->length != 0 || (direction == LENS_BACK && !edges[i].both))
                    continue;
                if (length == 1 && span_equal(source, from))
                    here->length = 1;
                else if (length == 1 ||
                         !find_before(edges, edge_count, reached, source, length, here))
                    continue;
                if (is_goal(source_of(&edges[i], !direction), to))
                    return trace(reached, i, direction, steps_out);
            }
        }
    }
    return 0;
}
