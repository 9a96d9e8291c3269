#include "program/Dominators.h"

#include <utility>

namespace kiln {

/// Numbers what is reached, depth first, and turns the edges between them around.
void Dominators::number(const std::vector<std::uint32_t>& first, const std::vector<std::uint32_t>& successors) {
  std::size_t count = first.size() - 1;
  order_.assign(count, 0);
  node_.assign(1, 0);
  parent_.assign(1, 0);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> open; // a node, and which of its edges is next
  auto visit = [&](std::uint32_t node, std::uint32_t from) {
    order_[node] = static_cast<std::uint32_t>(node_.size());
    node_.push_back(node);
    parent_.push_back(from);
    open.emplace_back(node, first[node]);
  };
  visit(0, 0);
  while (!open.empty()) {
    auto& [node, edge] = open.back();
    if (edge == first[node + 1]) {
      open.pop_back();
    } else {
      std::uint32_t to = successors[edge++];
      if (!order_[to])
        visit(to, order_[node]);
    }
  }
  firstIn_.assign(node_.size() + 1, 0);
  for (std::size_t i = 1; i < node_.size(); ++i)
    for (std::uint32_t edge = first[node_[i]]; edge < first[node_[i] + 1]; ++edge)
      ++firstIn_[order_[successors[edge]]];
  std::uint32_t sum = 0;
  for (std::uint32_t& each : firstIn_)
    each = sum += each; // one behind each node's last
  in_.resize(sum);
  for (std::size_t i = 1; i < node_.size(); ++i)
    for (std::uint32_t edge = first[node_[i]]; edge < first[node_[i] + 1]; ++edge)
      in_[--firstIn_[order_[successors[edge]]]] = static_cast<std::uint32_t>(i);
}

/// The node with the least semidominator on the way up from `node` through those that are linked, which are those from
/// `linked` on. Shortens the way.
std::uint32_t Dominators::best(std::uint32_t node, std::uint32_t linked) {
  if (ancestor_[node] < linked)
    return label_[node];
  path_.clear();
  do {
    path_.push_back(node);
    node = ancestor_[node];
  } while (ancestor_[node] >= linked);
  std::uint32_t above = node, least = label_[node];
  do {
    node = path_.back();
    path_.pop_back();
    ancestor_[node] = ancestor_[above];
    if (semi_[least] < semi_[label_[node]])
      label_[node] = label_[above];
    else
      least = label_[node];
    above = node;
  } while (!path_.empty());
  return label_[node];
}

void Dominators::compute(const std::vector<std::uint32_t>& first, const std::vector<std::uint32_t>& successors) {
  number(first, successors);
  auto count = static_cast<std::uint32_t>(node_.size());
  ancestor_ = dominator_ = parent_;
  semi_.resize(count);
  label_.resize(count);
  for (std::uint32_t i = 0; i < count; ++i)
    semi_[i] = label_[i] = i;
  for (std::uint32_t i = count - 1; i >= 2; --i) {
    semi_[i] = parent_[i];
    for (std::uint32_t edge = firstIn_[i]; edge < firstIn_[i + 1]; ++edge)
      if (std::uint32_t other = semi_[best(in_[edge], i + 1)]; other < semi_[i])
        semi_[i] = other;
  }
  for (std::uint32_t i = 2; i < count; ++i)
    while (dominator_[i] > semi_[i])
      dominator_[i] = dominator_[dominator_[i]];
  // Positions in the tree, so that what a node dominates lies side by side behind it.
  size_.assign(count, 1);
  for (std::uint32_t i = count - 1; i >= 2; --i)
    size_[dominator_[i]] += size_[i];
  position_.assign(count, 0);
  room_.assign(count, 1);
  for (std::uint32_t i = 2; i < count; ++i) {
    position_[i] = room_[dominator_[i]];
    room_[dominator_[i]] += size_[i];
    room_[i] = position_[i] + 1;
  }
}

} // namespace kiln
