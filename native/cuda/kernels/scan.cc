// The scan launcher: one pass where there are lines enough, otherwise lines in pieces and three passes.
#include "../launcher.h"
#include "scan_job.h"

namespace layerwise {
namespace {

constexpr int64_t kShortestPiece = 2048;
constexpr int64_t kMostPieces = 1024;

// op dtype_in in dtype_out out outer n inner [indices]
LAUNCHER(scan) {
  ScanJob job = {};
  job.op = int(args.integer());
  job.in_dtype = args.dtype();
  job.in = args.pointer();
  const Dtype out_dtype = args.dtype();
  job.out_dtype = out_dtype;
  job.out = args.pointer();
  const int64_t outer = args.integer();
  job.n = args.integer();
  job.inner = args.integer();
  job.lines = outer * job.inner;
  if (job.op == kCummax || job.op == kCummin) job.indices = args.pointer<int64_t>();
  if (job.lines == 0 || job.n == 0) return;
  const bool is_float = out_dtype == kFloat16 || out_dtype == kBfloat16 || out_dtype == kFloat32 || out_dtype == kFloat64;
  const int is_whole = is_float ? 0 : 1;

  const bool by_runs = job.inner == 1;
  const int64_t blocks = by_runs ? job.lines : (job.lines + 127) / 128;
  int64_t pieces = 4 * int64_t(context.device().multiprocessors) / blocks;
  const int64_t shortest = by_runs ? kShortestPiece : kShortestPiece / 32;
  const int64_t most = job.n / shortest < kMostPieces ? job.n / shortest : kMostPieces;
  pieces = pieces < most ? pieces : most;
  if (pieces < 1) pieces = 1;
  job.piece = (job.n + pieces - 1) / pieces;
  job.pieces = int((job.n + job.piece - 1) / job.piece);

  const char* name = by_runs ? "scan_runs" : "scan_columns";
  if (blocks > 0x7fffffff) return context.fail("[scan] too many lines for one launch");
  const Grid grid = {unsigned(blocks), unsigned(job.pieces)};
  const Grid block = {by_runs && job.piece > 512 ? 256u : 128u};
  int writes = 1;
  if (job.pieces > 1) {
    job.pieces_before = (Prefix*)context.scratch(0, size_t(job.lines) * size_t(job.pieces) * sizeof(Prefix));
    if (!job.pieces_before) return;
    writes = 0;
    context.launch(name, grid, block, 0, job, is_whole, writes);
    context.launch("scan_pieces", {unsigned((job.lines + 127) / 128)}, {128}, 0, job, is_whole);
    writes = 1;
  }
  context.launch(name, grid, block, 0, job, is_whole, writes);
}

}  // namespace
}  // namespace layerwise
