/** The CPU's tests of layer_norm, rms_norm and batch norm, on CUDA. */
import "./shuffled.ts";
import "../../native/norm.test.ts";
