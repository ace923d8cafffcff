/** The CPU's tests of pooling, on CUDA. */
import "./shuffled.ts";
import "../../native/pool.test.ts";
