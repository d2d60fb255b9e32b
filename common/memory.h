#pragma once
// Keeps a daemon that does little in little memory.

namespace stakewatch {

// Before the first thread. Each thread would get a heap of its own, and give it back to the kernel
// after each big answer: 3 MB, and a thousand calls of madvise a second, for nothing.
void ShareOneHeap();

// After start-up. Reading configuration, relocating and initialising OpenSSL touch far more code
// than serving does; unmapping those pages (they stay in the page cache) lets the resident set be
// what is really used: 13 MB become 7.
void ForgetStartUp();

}  // namespace stakewatch
