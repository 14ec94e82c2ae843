/* The mark that ends every list of blocks. */
#include "slab/block.h"

const struct block block_end_mark __attribute__((aligned(16)));
