/* The open streams of each loop, and how they hear that logs have grown. */
#include "node/api/hub.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "proto/limits.h"

struct hub_room {
    struct hub *hub;
    struct loop *loop;
    struct call *first;
    struct loop_timer *timer;
    atomic_bool woken; /* a wake is posted and has not run yet */
};

struct hub {
    atomic_uint streams;
    unsigned room_count;
    struct hub_room rooms[];
};

struct hub *hub_new(struct loop *const *loops, unsigned loop_count)
{
    struct hub *hub = calloc(1, sizeof(*hub) + loop_count * sizeof(hub->rooms[0]));
    if (hub == NULL)
        return NULL;
    hub->room_count = loop_count;
    for (unsigned i = 0; i < loop_count; i++)
        hub->rooms[i] = (struct hub_room){.hub = hub, .loop = loops[i]};
    return hub;
}

void hub_free(struct hub *hub)
{
    free(hub);
}

static void wake_all(struct hub_room *room)
{
    struct call *next;
    for (struct call *call = room->first; call != NULL; call = next) {
        next = call->next; /* waking may end this stream, and no other */
        call->wake(call);
    }
}

static void on_wake(void *ctx)
{
    struct hub_room *room = ctx;
    atomic_store(&room->woken, false); /* before looking: what comes now wakes again */
    wake_all(room);
}

static void on_timer(void *ctx)
{
    struct hub_room *room = ctx;
    room->timer = NULL;
    wake_all(room);
    if (room->first != NULL)
        room->timer = loop_after(room->loop, SYNC_PING_MS / 3, on_timer, room);
}

void hub_notify(struct hub *hub)
{
    if (atomic_load(&hub->streams) == 0)
        return;
    for (unsigned i = 0; i < hub->room_count; i++)
        if (!atomic_exchange(&hub->rooms[i].woken, true))
            loop_post(hub->rooms[i].loop, on_wake, &hub->rooms[i]);
}

static struct hub_room *room_of(struct hub *hub, const struct call *call)
{
    for (unsigned i = 0; i < hub->room_count; i++)
        if (hub->rooms[i].loop == call->loop)
            return &hub->rooms[i];
    BUG("a call on a loop that the hub does not know");
}

void hub_add(struct hub *hub, struct call *call)
{
    struct hub_room *room = room_of(hub, call);
    call->previous = NULL;
    call->next = room->first;
    if (room->first != NULL)
        room->first->previous = call;
    room->first = call;
    atomic_fetch_add(&hub->streams, 1);
    if (room->timer == NULL)
        room->timer = loop_after(room->loop, SYNC_PING_MS / 3, on_timer, room);
}

void hub_remove(struct hub *hub, struct call *call)
{
    struct hub_room *room = room_of(hub, call);
    if (call->previous != NULL)
        call->previous->next = call->next;
    else
        room->first = call->next;
    if (call->next != NULL)
        call->next->previous = call->previous;
    atomic_fetch_sub(&hub->streams, 1);
    if (room->first == NULL && room->timer != NULL) {
        loop_timer_cancel(room->timer);
        room->timer = NULL;
    }
}

unsigned hub_streams(const struct hub *hub)
{
    return atomic_load(&hub->streams);
}
