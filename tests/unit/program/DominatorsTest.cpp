// Dominators of random graphs, against their definition: without a node, what cannot be reached is what it dominates.
#include "program/Dominators.h"

#include <gtest/gtest.h>

#include <random>

namespace kiln {
namespace {

struct Graph {
  std::vector<std::uint32_t> first{0}, to;
  void node(std::initializer_list<std::uint32_t> successors) {
    to.insert(to.end(), successors);
    first.push_back(static_cast<std::uint32_t>(to.size()));
  }
  std::uint32_t size() const { return static_cast<std::uint32_t>(first.size() - 1); }
};

std::vector<bool> reachedWithout(const Graph& graph, std::uint32_t missing) {
  std::vector<bool> reached(graph.size());
  std::vector<std::uint32_t> open;
  if (missing != 0)
    open.push_back(0);
  while (!open.empty()) {
    std::uint32_t node = open.back();
    open.pop_back();
    if (reached[node])
      continue;
    reached[node] = true;
    for (std::uint32_t edge = graph.first[node]; edge < graph.first[node + 1]; ++edge)
      if (graph.to[edge] != missing)
        open.push_back(graph.to[edge]);
  }
  return reached;
}

void check(const Graph& graph, Dominators& dominators) {
  dominators.compute(graph.first, graph.to);
  std::vector<bool> reached = reachedWithout(graph, graph.size());
  for (std::uint32_t above = 0; above < graph.size(); ++above) {
    ASSERT_EQ(dominators.reached(above), reached[above]);
    std::vector<bool> without = reachedWithout(graph, above);
    for (std::uint32_t node = 0; node < graph.size(); ++node) {
      if (reached[node]) {
        ASSERT_EQ(dominators.dominates(above, node), reached[above] && (above == node || !without[node]))
            << above << " " << node;
      }
    }
  }
}

TEST(Dominators, OfOneBlockAndOfADiamond) {
  Dominators dominators;
  Graph one;
  one.node({});
  check(one, dominators);
  Graph diamond;
  diamond.node({1, 2});
  diamond.node({3});
  diamond.node({3});
  diamond.node({});
  diamond.node({3}); // nothing reaches it
  check(diamond, dominators);
}

TEST(Dominators, OfRandomGraphs) {
  std::mt19937 random(7);
  Dominators dominators; // one for all: what it remembers must not matter
  for (int round = 0; round < 400; ++round) {
    Graph graph;
    auto nodes = static_cast<std::uint32_t>(1 + random() % 40);
    for (std::uint32_t i = 0; i < nodes; ++i) {
      std::vector<std::uint32_t> to;
      for (auto edges = random() % 4; edges > 0; --edges)
        to.push_back(random() % 3 ? std::min<std::uint32_t>(nodes - 1, i + 1 + static_cast<std::uint32_t>(random() % 3))
                                  : static_cast<std::uint32_t>(random() % nodes));
      graph.to.insert(graph.to.end(), to.begin(), to.end());
      graph.first.push_back(static_cast<std::uint32_t>(graph.to.size()));
    }
    check(graph, dominators);
  }
}

} // namespace
} // namespace kiln
