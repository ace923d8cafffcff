/** The CPU's tests of softmax, on CUDA. */
import "../emulation.ts";
import "../../native/softmax.test.ts";
