/** The CPU's tests of attention and its gradient, on CUDA: tensor cores for 16-bit floats, plain arithmetic for the rest. */
import "./shuffled.ts";
import "../../native/attention.test.ts";
