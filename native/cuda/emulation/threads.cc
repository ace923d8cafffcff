// Running a grid on the host: a hand-written switch between fibers, their barriers, and the registry of kernels. Threads
// that wait for others which never come end the process with the kernel's name: on a GPU they would hang.
#include "../gpu.h"
#include "threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <atomic>
#include <thread>
#include <vector>

#undef threadIdx
#undef blockDim

extern "C" void layerwise_switch_fiber(void** save, void* to);
// System V: what a called function must preserve. Control words of the floating-point unit never change here.
asm(R"(.text
.globl layerwise_switch_fiber
.hidden layerwise_switch_fiber
.type layerwise_switch_fiber,@function
layerwise_switch_fiber:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp,(%rdi)
  movq %rsi,%rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size layerwise_switch_fiber,.-layerwise_switch_fiber)");

namespace emulation {

constinit thread_local Block* block = nullptr;

namespace {

constexpr size_t kStackBytes = 128 << 10;

enum class State : uint8_t { kReady, kAtBarrier, kAtExchange, kDone };

struct PendingCopy {
  void* to;
  const void* from;
  bool present;
  int group;
};

struct Fiber {
  void* stack_pointer = nullptr;
  char* stack = nullptr;
  State state = State::kReady;
  unsigned generation = 0;
  const Exchange* exchange = nullptr;
  std::vector<PendingCopy> copies;
  int group = 0;
};

struct Warp {
  // By the lowest lane of the mask; two each, so that a collective can begin while lanes still read the one before.
  Exchange exchanges[32][2];
  uint8_t open[32] = {};
  uint32_t gone = 0;  // lanes that have returned, or never were
};

// A block while it runs, on one system thread, and what is kept from block to block.
struct Running : Block {
  const Kernel* kernel;
  void** parameters;
  int threads = 0;
  int live = 0;
  std::vector<Fiber> fibers;
  std::vector<dim3> indices;
  std::vector<Warp> warps;
  std::vector<int> order;
  std::vector<char*> stacks;
  std::vector<unsigned char> shared;
  void* scheduler = nullptr;
  // Of the block's barrier
  int arrived = 0;
  unsigned generation = 0;
  int count = 0, result = 0;
  Vote vote = Vote::kNone;
};

Running* running() { return static_cast<Running*>(block); }
Fiber& self() { return running()->fibers[running()->thread]; }

void yield() { layerwise_switch_fiber(&self().stack_pointer, running()->scheduler); }

void complete_barrier(Running* r) {
  switch (r->vote) {
    case Vote::kAny: r->result = r->count != 0; break;
    case Vote::kAll: r->result = r->count == r->arrived; break;
    default: r->result = r->count;
  }
  r->arrived = 0;
  r->count = 0;
  r->vote = Vote::kNone;
  r->generation++;
}

bool is_complete(const Warp& warp, const Exchange& e) { return e.mask && !(e.mask & ~(e.arrived | warp.gone)); }

void complete_exchange(Warp& warp, int leader) {
  Exchange& done = warp.exchanges[leader][warp.open[leader]];
  done.mask = 0;
  done.generation++;
  warp.open[leader] ^= 1;
  warp.exchanges[leader][warp.open[leader]].arrived = 0;
}

// A thread has returned: those that wait for it need not any more.
void retire() {
  Running* r = running();
  self().state = State::kDone;
  self().copies.clear();
  r->live--;
  Warp& warp = r->warps[r->thread >> 5];
  warp.gone |= 1u << (r->thread & 31);
  if (r->live && r->arrived == r->live) complete_barrier(r);
  for (int leader = 0; leader < 32; leader++) {
    if (is_complete(warp, warp.exchanges[leader][warp.open[leader]])) complete_exchange(warp, leader);
  }
}

// A fiber runs thread after thread: its stack is free again as soon as one returns.
void fiber_main() {
  for (;;) {
    Running* r = running();
    r->kernel->thunk(r->kernel->function, r->parameters);
    retire();
    yield();
  }
}

void start(Running* r, Fiber& fiber, int thread) {
  if (r->stacks.empty()) {
    void* stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) die("no memory for the stack of a thread");
    r->stacks.push_back((char*)stack);
  }
  fiber.stack = r->stacks.back();
  r->stacks.pop_back();
  // Equal offsets in every stack would share one set of the cache.
  void** top = (void**)(fiber.stack + kStackBytes - (thread & 127) * 320) - 1;
  *--top = (void*)fiber_main;
  top -= 6;
  memset(top, 0, 6 * sizeof *top);
  fiber.stack_pointer = top;
}

bool must_wait(const Running* r, const Fiber& fiber) {
  if (fiber.state == State::kAtBarrier) return fiber.generation == r->generation;
  if (fiber.state == State::kAtExchange) return fiber.generation == fiber.exchange->generation;
  return false;
}

// LAYERWISE_EMULATION_ORDER: 0 forward, 1 backward, any other number seeds a shuffle.
unsigned order_kind() {
  static const unsigned kind = [] {
    const char* text = getenv("LAYERWISE_EMULATION_ORDER");
    return text ? unsigned(atoi(text)) : 0u;
  }();
  return kind;
}

// Shuffled, whole warps also fall behind for a few rounds: without this all warps would be in step from one warp
// operation to the next, and a missing barrier between them would not show.
bool is_held_back(unsigned round, int thread) {
  if (order_kind() < 2) return false;
  uint32_t hash = order_kind() * 2654435761u ^ round / 4 * 40503u ^ unsigned(thread >> 5) * 2246822519u;
  hash = (hash ^ hash >> 15) * 2654435761u;
  return hash >> 31;
}

void run_block(Running* r, int64_t index, size_t shared_bytes) {
  r->block_index = {unsigned(index % r->grid_size.x), unsigned(index / r->grid_size.x % r->grid_size.y),
                    unsigned(index / (int64_t(r->grid_size.x) * r->grid_size.y))};
  // Unwritten shared memory holds whatever; here something that no test mistakes for a result.
  r->shared.assign(shared_bytes + 128, 0xCD);
  r->dynamic_shared = (void*)((uintptr_t(r->shared.data()) + 127) & ~uintptr_t(127));
  r->live = r->threads;
  r->arrived = 0;
  for (Fiber& fiber : r->fibers) {
    fiber.state = State::kReady;
    fiber.stack_pointer = nullptr;
    fiber.group = 0;
  }
  for (Warp& warp : r->warps) warp.gone = 0;
  if (r->threads % 32) r->warps.back().gone = ~0u << r->threads % 32;
  int left = r->threads;
  for (unsigned round = 0; left; round++) {
    bool has_moved = false;
    for (int thread : r->order) {
      Fiber& fiber = r->fibers[thread];
      if (fiber.state == State::kDone || must_wait(r, fiber)) continue;
      has_moved = true;
      if (is_held_back(round, thread)) continue;
      fiber.state = State::kReady;
      r->thread = thread;
      r->thread_index = r->indices[thread];
      if (!fiber.stack_pointer) start(r, fiber, thread);
      layerwise_switch_fiber(&r->scheduler, fiber.stack_pointer);
      if (fiber.state == State::kDone) {
        r->stacks.push_back(fiber.stack);
        left--;
      }
    }
    if (!has_moved) die("some threads wait at a barrier or a warp operation that others never reach");
  }
}

std::vector<int> thread_order(int threads) {
  const unsigned kind = order_kind();
  std::vector<int> order(threads);
  for (int i = 0; i < threads; i++) order[i] = kind == 1 ? threads - 1 - i : i;
  if (kind < 2) return order;
  uint32_t state = kind * 2654435761u;
  for (int i = threads - 1; i > 0; i--) {
    state = state * 1664525u + 1013904223u;
    std::swap(order[i], order[(state >> 8) % (i + 1)]);
  }
  return order;
}

// LAYERWISE_EMULATION_THREADS: how many system threads run blocks.
int system_threads() {
  const char* text = getenv("LAYERWISE_EMULATION_THREADS");
  return text && atoi(text) > 0 ? atoi(text) : 1;
}

void prepare(Running* r, const Kernel* kernel, void** parameters, dim3 grid, dim3 size) {
  const int threads = int(size.x * size.y * size.z);
  const bool is_as_before = r->threads == threads && r->block_size.x == size.x && r->block_size.y == size.y;
  r->kernel = kernel;
  r->parameters = parameters;
  r->grid_size = grid;
  if (is_as_before) return;
  r->block_size = size;
  r->threads = threads;
  r->fibers.clear();
  r->fibers.resize(threads);
  r->warps.resize((threads + 31) / 32);
  r->order = thread_order(threads);
  r->indices.resize(threads);
  for (int i = 0; i < threads; i++) {
    r->indices[i] = {i % size.x, i / size.x % size.y, i / (size.x * size.y)};
  }
}

std::vector<Kernel>& registry() {
  static std::vector<Kernel> kernels;
  return kernels;
}

}  // namespace

void die(const char* what) {
  const Running* r = running();
  if (r) {
    fprintf(stderr, "[emulation] kernel %s, block (%u, %u, %u), thread %d: %s\n", r->kernel->name, r->block_index.x,
            r->block_index.y, r->block_index.z, r->thread, what);
  } else {
    fprintf(stderr, "[emulation] %s\n", what);
  }
  abort();
}

int barrier(Vote vote, int predicate) {
  Running* r = running();
  if (r->arrived && r->vote != vote) die("threads of a block meet at different kinds of barriers");
  r->vote = vote;
  r->count += predicate != 0;
  const unsigned generation = r->generation;
  if (++r->arrived == r->live) {
    complete_barrier(r);
    return r->result;
  }
  self().state = State::kAtBarrier;
  self().generation = generation;
  yield();
  return running()->result;
}

const Exchange* meet(uint32_t mask, const void* bytes, int count) {
  Running* r = running();
  const int lane = r->thread & 31;
  Warp& warp = r->warps[r->thread >> 5];
  if (!(mask >> lane & 1)) die("a lane takes part in a warp operation whose mask leaves it out");
  const int leader = __builtin_ctz(mask);
  Exchange& exchange = warp.exchanges[leader][warp.open[leader]];
  if (exchange.mask && exchange.mask != mask) die("lanes of a warp disagree about the mask of a warp operation");
  exchange.mask = mask;
  exchange.arrived |= 1u << lane;
  if (count) memcpy(exchange.said[lane], bytes, count);
  if (is_complete(warp, exchange)) {
    complete_exchange(warp, leader);
    return &exchange;
  }
  Fiber& fiber = self();
  fiber.state = State::kAtExchange;
  fiber.exchange = &exchange;
  fiber.generation = exchange.generation;
  yield();
  return &exchange;
}

void copy_later(void* to, const void* from, bool present) {
  Fiber& fiber = self();
  fiber.copies.push_back({to, from, present, fiber.group});
}

void commit_copies() { self().group++; }

void wait_copies(int pending) {
  Fiber& fiber = self();
  const int finished = fiber.group - pending;
  size_t kept = 0;
  for (const PendingCopy& copy : fiber.copies) {
    if (copy.group >= finished) {
      fiber.copies[kept++] = copy;
    } else if (copy.present) {
      memcpy(copy.to, copy.from, 16);
    } else {
      memset(copy.to, 0, 16);
    }
  }
  fiber.copies.resize(kept);
}

Registration::Registration(const char* name, const void* function, Thunk thunk, const size_t* sizes, size_t count) {
  registry().push_back({name, function, thunk, sizes, count});
}

const Kernel* find_kernel(const char* name) {
  for (const Kernel& kernel : registry()) {
    if (!strcmp(kernel.name, name)) return &kernel;
  }
  return nullptr;
}

void run_grid(const Kernel* kernel, dim3 grid, dim3 size, size_t shared_bytes, void** parameters) {
  static const int most = system_threads();
  const int64_t blocks = int64_t(grid.x) * grid.y * grid.z;
  std::atomic<int64_t> next{0};
  auto work = [&] {
    static thread_local Running state;
    prepare(&state, kernel, parameters, grid, size);
    block = &state;
    for (int64_t i = next++; i < blocks; i = next++) run_block(&state, i, shared_bytes);
    block = nullptr;
  };
  if (most == 1 || blocks == 1) return work();
  std::vector<std::thread> threads;
  for (int i = 0; i < most && i < blocks; i++) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace emulation
