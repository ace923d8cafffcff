/** The CPU's tests of attention and its gradient, on CUDA; and that both give the same bits in every run. */
import "../emulation.ts";
import "../../native/attention.test.ts";
