// Writes, for each signature in bitcode, two functions that clang then compiles natively, as what the ABI tests compare
// with: MakeThunks OUT.ll IN...
//
//   out   has the signature; stores the words of its arguments to kiln_test_words and returns the value of the words in
//         kiln_test_results
//   in    takes a function; calls it by the signature with the values of kiln_test_words and stores the words of the
//         result to kiln_test_results
//
// Signatures are the functions called sig*, va* and callee* (see generate.py).
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IRReader/IRReader.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

namespace {

using llvm::Attribute;

/// Values to words and back, one after the other from `base`.
class Words {
public:
  Words(llvm::IRBuilder<>& builder, llvm::Value* base) : builder_(builder), base_(base) {}
  void store(llvm::Value* value);
  llvm::Value* load(llvm::Type* type);
  unsigned next() const { return word_; }

private:
  llvm::Value* place(unsigned bits);
  static unsigned bitsOf(llvm::Type* type) { return type->isPointerTy() ? 64 : type->getScalarSizeInBits(); }

  llvm::IRBuilder<>& builder_;
  llvm::Value* base_;
  unsigned word_ = 0;
};

llvm::Value* Words::place(unsigned bits) {
  llvm::Value* at = builder_.CreateConstGEP1_64(builder_.getInt64Ty(), base_, word_);
  word_ += (bits + 63) / 64;
  return at;
}

void Words::store(llvm::Value* value) {
  llvm::Type* type = value->getType();
  if (type->isStructTy() || type->isArrayTy()) {
    unsigned n = type->isStructTy() ? type->getStructNumElements() : type->getArrayNumElements();
    for (unsigned i = 0; i < n; ++i)
      store(builder_.CreateExtractValue(value, i));
    return;
  }
  if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type)) {
    for (unsigned i = 0; i < vector->getNumElements(); ++i)
      store(builder_.CreateExtractElement(value, i));
    return;
  }
  unsigned bits = bitsOf(type);
  llvm::Type* integer = builder_.getIntNTy(bits);
  value = type->isPointerTy() ? builder_.CreatePtrToInt(value, integer) : builder_.CreateBitCast(value, integer);
  value = builder_.CreateZExt(value, builder_.getIntNTy((bits + 63) / 64 * 64));
  builder_.CreateAlignedStore(value, place(bits), llvm::Align(8));
}

llvm::Value* Words::load(llvm::Type* type) {
  if (type->isStructTy() || type->isArrayTy()) {
    llvm::Value* value = llvm::PoisonValue::get(type);
    unsigned n = type->isStructTy() ? type->getStructNumElements() : type->getArrayNumElements();
    for (unsigned i = 0; i < n; ++i)
      value = builder_.CreateInsertValue(value, load(llvm::GetElementPtrInst::getTypeAtIndex(type, i)), i);
    return value;
  }
  if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type)) {
    llvm::Value* value = llvm::PoisonValue::get(type);
    for (unsigned i = 0; i < vector->getNumElements(); ++i)
      value = builder_.CreateInsertElement(value, load(vector->getElementType()), i);
    return value;
  }
  unsigned bits = bitsOf(type);
  llvm::Type* whole = builder_.getIntNTy((bits + 63) / 64 * 64);
  llvm::Value* value = builder_.CreateAlignedLoad(whole, place(bits), llvm::Align(8));
  value = builder_.CreateTrunc(value, builder_.getIntNTy(bits));
  return type->isPointerTy() ? builder_.CreateIntToPtr(value, type) : builder_.CreateBitCast(value, type);
}

/// The attributes that decide how values are passed; others promise things of the values that words do not keep.
llvm::AttributeSet passing(llvm::LLVMContext& context, llvm::AttributeSet all) {
  llvm::AttrBuilder kept(context);
  for (Attribute attribute : all)
    for (Attribute::AttrKind kind :
         {Attribute::ZExt, Attribute::SExt, Attribute::InReg, Attribute::Nest, Attribute::StructRet, Attribute::ByVal,
          Attribute::Alignment, Attribute::StackAlignment})
      if (attribute.hasAttribute(kind))
        kept.addAttribute(attribute);
  if (!kept.contains(Attribute::ByVal))
    kept.removeAttribute(Attribute::Alignment);
  return llvm::AttributeSet::get(context, kept);
}

class Maker {
public:
  explicit Maker(llvm::Module& module)
      : module_(module), words_(array("kiln_test_words")), results_(array("kiln_test_results")) {}
  void signature(const llvm::Function& function);
  void table();

private:
  llvm::GlobalVariable* array(const char* name) {
    auto* type = llvm::ArrayType::get(llvm::Type::getInt64Ty(module_.getContext()), 0);
    return new llvm::GlobalVariable(module_, type, false, llvm::GlobalValue::ExternalLinkage, nullptr, name);
  }
  llvm::Function* out(const llvm::Function& function, llvm::AttributeList attributes);
  llvm::Function* in(const llvm::Function& function, llvm::AttributeList attributes);

  llvm::Module& module_;
  llvm::GlobalVariable* words_;
  llvm::GlobalVariable* results_;
  std::vector<llvm::Constant*> rows_;
};

llvm::Function* Maker::out(const llvm::Function& function, llvm::AttributeList attributes) {
  auto* made = llvm::Function::Create(function.getFunctionType(), llvm::GlobalValue::InternalLinkage,
                                      function.getName() + ".out", module_);
  made->setCallingConv(function.getCallingConv());
  made->setAttributes(attributes);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(module_.getContext(), "", made));
  Words words(builder, words_);
  for (llvm::Argument& argument : made->args()) {
    if (argument.hasByValAttr()) {
      std::uint64_t bytes = module_.getDataLayout().getTypeAllocSize(argument.getParamByValType());
      llvm::FunctionCallee copied = module_.getOrInsertFunction(
          "kiln_test_copy", builder.getVoidTy(), builder.getInt64Ty(), builder.getPtrTy(), builder.getInt64Ty());
      builder.CreateCall(copied, {builder.getInt64(words.next()), &argument, builder.getInt64(bytes)});
    }
    words.store(&argument);
  }
  Words results(builder, results_);
  if (function.getReturnType()->isVoidTy())
    builder.CreateRetVoid();
  else
    builder.CreateRet(results.load(function.getReturnType()));
  return made;
}

llvm::Function* Maker::in(const llvm::Function& function, llvm::AttributeList attributes) {
  llvm::LLVMContext& context = module_.getContext();
  auto* made = llvm::Function::Create(
      llvm::FunctionType::get(llvm::Type::getVoidTy(context), {llvm::PointerType::getUnqual(context)}, false),
      llvm::GlobalValue::InternalLinkage, function.getName() + ".in", module_);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", made));
  Words words(builder, words_);
  std::vector<llvm::Value*> arguments;
  for (llvm::Type* type : function.getFunctionType()->params())
    arguments.push_back(words.load(type));
  llvm::FunctionType* type = function.getFunctionType();
  if (llvm::StringRef name = function.getName(); name.consume_front("va")) {
    unsigned fixed = 0;
    name.consumeInteger(10, fixed);
    type = llvm::FunctionType::get(type->getReturnType(), type->params().take_front(fixed), true);
  }
  llvm::CallInst* call = builder.CreateCall(type, made->getArg(0), arguments);
  call->setCallingConv(function.getCallingConv());
  call->setAttributes(attributes);
  if (!type->getReturnType()->isVoidTy())
    Words(builder, results_).store(call);
  builder.CreateRetVoid();
  return made;
}

void Maker::signature(const llvm::Function& function) {
  llvm::LLVMContext& context = module_.getContext();
  const llvm::AttributeList& all = function.getAttributes();
  std::vector<llvm::AttributeSet> parameters;
  for (unsigned i = 0; i < function.arg_size(); ++i)
    parameters.push_back(passing(context, all.getParamAttrs(i)));
  auto attributes = llvm::AttributeList::get(context, {}, passing(context, all.getRetAttrs()), parameters);
  llvm::IRBuilder<> builder(context);
  llvm::Constant* name = builder.CreateGlobalString(function.getName(), "", 0, &module_);
  llvm::Constant* fields[] = {name, out(function, attributes), in(function, attributes)};
  rows_.push_back(llvm::ConstantStruct::getAnon(fields));
}

void Maker::table() {
  auto* type = llvm::ArrayType::get(rows_.front()->getType(), rows_.size());
  new llvm::GlobalVariable(module_, type, true, llvm::GlobalValue::ExternalLinkage,
                           llvm::ConstantArray::get(type, rows_), "kiln_test_thunks");
  auto* count = llvm::ConstantInt::get(llvm::Type::getInt64Ty(module_.getContext()), rows_.size());
  new llvm::GlobalVariable(module_, count->getType(), true, llvm::GlobalValue::ExternalLinkage, count,
                           "kiln_test_thunk_count");
}

} // namespace

int main(int argc, char** argv) {
  llvm::LLVMContext context;
  llvm::Module module("thunks", context);
  std::vector<std::unique_ptr<llvm::Module>> inputs;
  std::unique_ptr<Maker> maker;
  for (int i = 2; i < argc; ++i) {
    llvm::SMDiagnostic problem;
    auto input = llvm::parseIRFile(argv[i], problem, context);
    if (!input) {
      problem.print(argv[0], llvm::errs());
      return EXIT_FAILURE;
    }
    if (!maker) {
      module.setDataLayout(input->getDataLayout());
      module.setTargetTriple(input->getTargetTriple());
      maker = std::make_unique<Maker>(module);
    }
    for (const llvm::Function& function : *input) {
      llvm::StringRef name = function.getName();
      if (!function.isVarArg() && (name.starts_with("sig") || name.starts_with("va") || name.starts_with("callee")))
        maker->signature(function);
    }
    inputs.push_back(std::move(input));
  }
  maker->table();
  std::error_code error;
  llvm::raw_fd_ostream file(argv[1], error);
  module.print(file, nullptr);
  return error ? EXIT_FAILURE : EXIT_SUCCESS;
}
