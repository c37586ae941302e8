/// How the process keeps memory. Does nothing but on Linux.
#ifndef PATCHBAY_MEMORY_H
#define PATCHBAY_MEMORY_H

/// Two arenas instead of eight for each core: a dozen threads that rarely allocate would each keep one for itself. What a
/// burst needed goes back to the system.
void patchbay_keep_memory_small(void);

/// Gives back what only the start needed: free memory, and code. What is used again comes from the page cache at its next
/// use.
void patchbay_release_start(void);

#endif
