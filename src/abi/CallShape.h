// The System V x86-64 calling convention for signatures of LLVM IR, as LLVM 19's x86-64 back end lowers them with SSE2.
//
// This is the one place that classifies. It follows the back end, not the ABI document: a front end has already turned
// C types into IR types, and what is left to decide (which leaf is in which register, what is split, what is returned
// behind a hidden pointer) is LLVM's. docs/abi.md lists the rules and the refusals.
//
// Thread-safe: reads types and attributes only.
#pragma once

#include <deque>
#include <expected>
#include <string>
#include <tuple>

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/CallingConv.h>

#include "abi/Shape.h"

namespace llvm {
class AttributeList;
class DataLayout;
class FunctionType;
class Type;
} // namespace llvm

namespace kiln {

/// The shape of a call or a definition, or the reason why Kiln does not make such calls itself. `attributes` are the
/// call's (or the definition's); `variadicArguments` the types of the unnamed arguments of a call, empty for a
/// definition.
std::expected<CallShape, std::string> callShape(llvm::FunctionType* type, const llvm::AttributeList& attributes,
                                                llvm::CallingConv::ID convention,
                                                llvm::ArrayRef<llvm::Type*> variadicArguments,
                                                const llvm::DataLayout& layout);

/// Shapes by signature: a program has few signatures and many calls. Types and attributes are the same pointers whenever they
/// are equal, within one LLVMContext; a context must outlive the use of its types here. One thread at a time; the shapes
/// stay where they are and never change.
class CallShapes {
public:
  /// As callShape().
  std::expected<const CallShape*, std::string> of(llvm::FunctionType* type, const llvm::AttributeList& attributes,
                                                  llvm::CallingConv::ID convention,
                                                  llvm::ArrayRef<llvm::Type*> variadicArguments,
                                                  const llvm::DataLayout& layout);

private:
  using Signature = std::tuple<llvm::FunctionType*, void*, unsigned>; ///< of the attributes, what stands for all of them
  llvm::DenseMap<Signature, const CallShape*> known_;
  std::deque<CallShape> shapes_;
};

} // namespace kiln
