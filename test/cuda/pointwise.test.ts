/** The CPU's tests of pointwise programs, on the interpreter of cuda.node. */
import "./emulation.ts";
import "../native/pointwise.test.ts";
import "../native/pointwise.layout.test.ts";
import "../native/pointwise.accuracy.test.ts";
