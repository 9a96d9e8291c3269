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

  /// The function's name, content hash and calls; nothing counted yet. `arguments` is how many numbers its arguments take,
  /// which are not counted in files. False if its body cannot be read.
  bool begin(std::uint32_t function, FunctionProfile& out, std::uint32_t& arguments);
  /// Adds the targets of an indirect call, unless there are none.
  void addTargets(FunctionProfile& out, std::uint32_t number, const ValueCounts& seen);
  void addSizes(FunctionProfile& out, std::uint32_t number, const ValueCounts& seen);

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
