#include "kiln/Observer.h"

namespace kiln {

std::string_view eventName(TierEvent::Kind kind) {
  switch (kind) {
  case TierEvent::Kind::Requested: return "request";
  case TierEvent::Kind::Published: return "publish";
  case TierEvent::Kind::Demoted: return "demote";
  case TierEvent::Kind::Failed: return "failed";
  case TierEvent::Kind::Dropped: return "dropped";
  case TierEvent::Kind::Exited: return "exit";
  case TierEvent::Kind::LoopPublished: return "loop";
  case TierEvent::Kind::Replaced: return "replace";
  }
  return "?";
}

} // namespace kiln
