// From counts that live code keeps to a profile: what both tiers that record have in common.
#pragma once

#include "function/FunctionTable.h"
#include "profile/ContentHash.h"
#include "profile/Profile.h"
#include "program/ProgramMap.h"
#include "program/World.h"

namespace kiln {

/// Reads bodies in one world, by its thread. The parts must outlive it.
class Harvest {
public:
  Harvest(const ProgramMap& map, FunctionTable& table, World& world) : map_(map), table_(table), world_(world) {}

  /// The function's name, content hash and calls; nothing counted yet. False if its body cannot be read.
  bool begin(std::uint32_t function, FunctionProfile& out);
  /// Names the targets of indirect calls.
  NameTarget targets() {
    return [this](std::uint64_t address) { return target(address); };
  }

private:
  llvm::Function& functionIn(std::uint32_t id) const {
    return world_.functionAt(map_.functions[id].module, map_.functions[id].index);
  }
  TargetCount target(std::uintptr_t address);

  const ProgramMap& map_;
  FunctionTable& table_;
  World& world_;
  ContentHasher hasher_;
};

} // namespace kiln
