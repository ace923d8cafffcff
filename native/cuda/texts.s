# Headers as text, each ending in a zero byte: what pointwise_source.cc puts in front of what it writes.
.section .rodata
.globl layerwise_numbers_text
.hidden layerwise_numbers_text
layerwise_numbers_text:
.incbin "numbers.h"
.byte 0
.globl layerwise_pointwise_math_text
.hidden layerwise_pointwise_math_text
layerwise_pointwise_math_text:
.incbin "kernels/pointwise_math.h"
.byte 0
.section .note.GNU-stack,"",@progbits
