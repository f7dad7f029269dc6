/* node/net/address.c: which addresses are the public internet's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "node/net/address.h"

static bool judge(const char *text)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        memcpy(&address, &four, sizeof(four));
    else if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1)
        memcpy(&address, &six, sizeof(six));
    else
        fail_msg("no address: %s", text);
    return address_is_public((const struct sockaddr *)&address);
}

static void the_internet_is_public(void **state)
{
    (void)state;
    static const char *const open[] = {
        "1.1.1.1",      "9.255.255.255",   "11.0.0.0",      "100.63.255.255",
        "100.128.0.0",  "126.1.1.1",       "128.0.0.1",     "169.253.1.1",
        "172.15.255.1", "172.32.0.0",      "192.167.1.1",   "192.0.1.1",
        "198.17.1.1",   "198.20.0.0",      "223.255.255.1", "2001:4860:4860::8888",
        "2a01:e0a::1",  "64:ff9b::1.1.1.1"};
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
        if (!judge(open[i]))
            fail_msg("%s", open[i]);
}

static void what_is_inside_a_network_is_not(void **state)
{
    (void)state;
    static const char *const closed[] = {"0.0.0.0",
                                         "0.1.2.3",
                                         "10.0.0.1",
                                         "10.255.255.255",
                                         "100.64.0.1",
                                         "100.127.255.255",
                                         "127.0.0.1",
                                         "127.255.255.255",
                                         "169.254.169.254",
                                         "172.16.0.1",
                                         "172.31.255.255",
                                         "192.0.0.1",
                                         "192.0.2.1",
                                         "192.88.99.1",
                                         "192.168.0.1",
                                         "198.18.0.1",
                                         "198.19.255.255",
                                         "198.51.100.1",
                                         "203.0.113.1",
                                         "224.0.0.1",
                                         "239.255.255.255",
                                         "240.0.0.1",
                                         "255.255.255.255",
                                         "::",
                                         "::1",
                                         "::127.0.0.1",
                                         "::ffff:10.0.0.1",
                                         "::ffff:1.1.1.1",
                                         "64:ff9b::10.0.0.1",
                                         "64:ff9b::7f00:1",
                                         "64:ff9b:1::1",
                                         "100::1",
                                         "2001::1",
                                         "2001:db8::1",
                                         "2002:7f00:1::1",
                                         "3fff::1",
                                         "5f00::1",
                                         "fc00::1",
                                         "fd12:3456::1",
                                         "fe80::1",
                                         "fec0::1",
                                         "ff02::1"};
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
        if (judge(closed[i]))
            fail_msg("%s", closed[i]);
}

static void what_is_no_internet_address_is_not(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_false(address_is_public((const struct sockaddr *)&address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_internet_is_public),
        cmocka_unit_test(what_is_inside_a_network_is_not),
        cmocka_unit_test(what_is_no_internet_address_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
