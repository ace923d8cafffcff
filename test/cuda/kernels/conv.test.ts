/** The CPU's tests of convolution, on CUDA. */
import "./shuffled.ts";
import "../../native/conv.test.ts";
