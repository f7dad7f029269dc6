/* Is an address one of the public internet? For hosts that somebody else has named: a node must not
 * be made to knock at doors inside its own network. */
#ifndef MAILLON_NODE_NET_ADDRESS_H
#define MAILLON_NODE_NET_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* False for every range that the IANA special-purpose registries (RFC 6890) do not call globally
 * reachable: loopback, private, link-local (cloud metadata among them), carrier NAT, multicast,
 * documentation, unspecified...; for an IPv6 address that carries an IPv4 one (mapped, compatible,
 * NAT64, 6to4, Teredo) unless it is NAT64 of a public one; and for all else. */
bool address_is_public(const struct sockaddr *address);

#endif
