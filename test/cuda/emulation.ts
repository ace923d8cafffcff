/**
 * Imported first by the tests of this folder: the kernel tests' harness drives cuda.node, on the emulated driver. Set
 * LAYERWISE_CUDA_DRIVER to run them on another driver, for example a real one (libcuda.so.1).
 */
import { fileURLToPath } from "node:url";

process.env.LAYERWISE_TEST_DEVICE = "cuda";
process.env.LAYERWISE_CUDA_DRIVER ??= fileURLToPath(
  new URL("../../native/bin/linux-x64/libcuda-emulation.so", import.meta.url),
);
