#pragma once
// simdjson without the kernels that the compiler's target does not promise: on-demand parsing takes
// the one that always runs, here `fallback`, and never chooses at run time. A third of what each
// file that includes it would have to compile.
#if defined(__x86_64__) && !defined(__SSE4_2__)
#define SIMDJSON_IMPLEMENTATION_ICELAKE 0
#define SIMDJSON_IMPLEMENTATION_HASWELL 0
#define SIMDJSON_IMPLEMENTATION_WESTMERE 0
#endif

#include <simdjson.h>
