/** The CPU's tests of sort and topk, on CUDA. */
import "./shuffled.ts";
import "../../native/sort.test.ts";
