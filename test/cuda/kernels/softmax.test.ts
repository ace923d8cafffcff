/** The CPU's tests of softmax, on CUDA. */
import "./shuffled.ts";
import "../../native/softmax.test.ts";
