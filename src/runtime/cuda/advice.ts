/**
 * How to get what was not found: one line to copy per system. Names of packages as NVIDIA's indexes and Linux
 * distributions carry them; it installs nothing and checks nothing.
 */
import type { WayToGet } from "../../protocol/results.ts";

interface Packages {
  /** On PyPI, for CUDA 13 and for CUDA 12. */
  pip: [string, string];
  /** In NVIDIA's own apt repository, likewise. */
  apt: [string, string];
  conda: string;
  /** What does the work without it. */
  instead: string;
}

const LIBRARIES: Record<string, Packages> = {
  cuBLASLt: {
    pip: ["nvidia-cublas", "nvidia-cublas-cu12"],
    apt: ["libcublas-13-0", "libcublas-12-9"],
    conda: "libcublas",
    instead: "Layerwise's own kernels multiply",
  },
  cuDNN: {
    pip: ["nvidia-cudnn-cu13", "nvidia-cudnn-cu12"],
    apt: ["libcudnn9-cuda-13", "libcudnn9-cuda-12"],
    conda: "cudnn",
    instead: "Layerwise's own kernels convolve",
  },
  NVRTC: {
    pip: ["nvidia-cuda-nvrtc", "nvidia-cuda-nvrtc-cu12"],
    apt: ["cuda-nvrtc-13-0", "cuda-nvrtc-12-9"],
    conda: "cuda-nvrtc",
    instead: "an interpreter on the GPU serves elementwise chains",
  },
  CUPTI: {
    pip: ["nvidia-cuda-cupti", "nvidia-cuda-cupti-cu12"],
    apt: ["cuda-cupti-13-0", "cuda-cupti-12-9"],
    conda: "cuda-cupti",
    instead: "kernels are timed by events around their launches",
  },
  NCCL: {
    pip: ["nvidia-nccl-cu13", "nvidia-nccl-cu12"],
    apt: ["libnccl2", "libnccl2"],
    conda: "nccl",
    instead: "one GPU is used at a time",
  },
};

/** `driver` is the newest CUDA that the driver knows: 13000. It comes with NVML. */
export function waysToGetLibrary(name: string, driver: number): WayToGet[] {
  const known = LIBRARIES[name];
  if (!known) return name === "NVML" ? waysToGetDriver() : [];
  const which = driver >= 13000 ? 0 : 1;
  return [
    { system: "Python environment (.venv of the folder)", command: `pip install ${known.pip[which]}` },
    { system: "Debian, Ubuntu (NVIDIA's repository)", command: `sudo apt install ${known.apt[which]}` },
    { system: "conda", command: `conda install -c nvidia ${known.conda}` },
  ];
}

export function servesInstead(name: string): string | undefined {
  return name === "NVML" ? "temperature, power and use of the GPU are not shown" : LIBRARIES[name]?.instead;
}

export function waysToGetDriver(): WayToGet[] {
  return [
    { system: "Ubuntu", command: "sudo ubuntu-drivers install" },
    { system: "Debian (with non-free)", command: "sudo apt install nvidia-driver" },
    { system: "Fedora (with RPM Fusion)", command: "sudo dnf install akmod-nvidia" },
    { system: "WSL: install it in Windows, not in Linux", url: "https://www.nvidia.com/drivers" },
    { system: "others", url: "https://www.nvidia.com/drivers" },
  ];
}
