/* The keeper's process: the only one that ever holds the log key. */
#ifndef MAILLON_KEYS_KEEPER_PROC_H
#define MAILLON_KEYS_KEEPER_PROC_H

/* Answers requests on the socket until its other end closes; the warden forks a process for this.
 * dir is the node's folder. Gives up its rights first, more of them when the key is open, and dies
 * with its parent. Returns the exit code. */
int keeper_main(int fd, const char *dir);

#endif
