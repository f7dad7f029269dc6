/* The address ranges that are nobody else's business. */
#include "node/net/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct range {
    uint8_t prefix[16];
    unsigned bits;
};

/* IANA IPv4 Special-Purpose Address Registry, and multicast (RFC 5771). */
static const struct range special4[] = {
    {{0}, 8},             /* RFC 791: this network */
    {{10}, 8},            /* RFC 1918 */
    {{100, 64}, 10},      /* RFC 6598: carrier NAT */
    {{127}, 8},           /* RFC 1122: loopback */
    {{169, 254}, 16},     /* RFC 3927: link-local, and the metadata of clouds */
    {{172, 16}, 12},      /* RFC 1918 */
    {{192, 0, 0}, 24},    /* RFC 6890 */
    {{192, 0, 2}, 24},    /* RFC 5737: documentation */
    {{192, 31, 196}, 24}, /* RFC 7535 */
    {{192, 52, 193}, 24}, /* RFC 7450 */
    {{192, 88, 99}, 24},  /* RFC 7526: 6to4 relays, of the past */
    {{192, 168}, 16},     /* RFC 1918 */
    {{192, 175, 48}, 24}, /* RFC 7534 */
    {{198, 18}, 15},      /* RFC 2544: benchmarks */
    {{198, 51, 100}, 24}, /* RFC 5737 */
    {{203, 0, 113}, 24},  /* RFC 5737 */
    {{224}, 4},           /* multicast */
    {{240}, 4},           /* RFC 1112: reserved, and broadcast */
};

/* Within 2000::/3, all that is given out; the rest of IPv6 is not public as a whole. */
static const struct range special6[] = {
    {{0x20, 0x01, 0x00}, 23},             /* RFC 2928: protocols, Teredo among them */
    {{0x20, 0x01, 0x0d, 0xb8}, 32},       /* RFC 3849: documentation */
    {{0x20, 0x02}, 16},                   /* RFC 3056: 6to4 */
    {{0x26, 0x20, 0, 0x4f, 0x80, 0}, 48}, /* RFC 7534 */
    {{0x3f, 0xff}, 20},                   /* RFC 9637: documentation */
    {{0x5f, 0x00}, 16},                   /* RFC 9602: segment routing */
};

static bool is_within(const uint8_t *address, const struct range *range)
{
    unsigned whole = range->bits / 8;
    unsigned rest = range->bits % 8;
    if (memcmp(address, range->prefix, whole) != 0)
        return false;
    return rest == 0 || ((address[whole] ^ range->prefix[whole]) >> (8 - rest)) == 0;
}

static bool is_public4(const uint8_t address[4])
{
    for (size_t i = 0; i < sizeof(special4) / sizeof(special4[0]); i++)
        if (is_within(address, &special4[i]))
            return false;
    return true;
}

static bool is_public6(const uint8_t address[16])
{
    static const struct range given_out = {{0x20}, 3};
    static const struct range nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96}; /* RFC 6052 */
    if (is_within(address, &nat64))
        return is_public4(address + 12);
    if (!is_within(address, &given_out))
        return false; /* ::1, ::, mapped and compatible IPv4, fc00::/7, fe80::/10, ff00::/8 */
    for (size_t i = 0; i < sizeof(special6) / sizeof(special6[0]); i++)
        if (is_within(address, &special6[i]))
            return false;
    return true;
}

bool address_is_public(const struct sockaddr *address)
{
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    uint8_t bytes[16];
    switch (address->sa_family) {
    case AF_INET:
        memcpy(&four, address, sizeof(four));
        memcpy(bytes, &four.sin_addr, 4);
        return is_public4(bytes);
    case AF_INET6:
        memcpy(&six, address, sizeof(six));
        memcpy(bytes, &six.sin6_addr, 16);
        return is_public6(bytes);
    default:
        return false;
    }
}
