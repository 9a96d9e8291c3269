#include "profile/CountSummary.h"

#include <algorithm>
#include <bit>

namespace kiln {

/// Counts below 16 have a bucket each; above, the four bits behind the first tell the step.
unsigned CountSummary::bucketOf(std::uint64_t count) {
  if (count < kSteps)
    return static_cast<unsigned>(count);
  const auto exponent = static_cast<unsigned>(std::bit_width(count)) - 1;
  return (exponent - 3) * kSteps + static_cast<unsigned>((count >> (exponent - 4)) - kSteps);
}

std::uint64_t CountSummary::leastOf(unsigned bucket) {
  if (bucket < kSteps)
    return bucket;
  const unsigned exponent = bucket / kSteps + 3;
  return std::uint64_t{kSteps + bucket % kSteps} << (exponent - 4);
}

void CountSummary::add(std::uint64_t count) {
  Bucket& bucket = buckets_[bucketOf(count)];
  ++bucket.places;
  bucket.sum += count;
  sum_ += count;
  ++places_;
  highest_ = std::max(highest_, count);
}

void CountSummary::addFunction(std::uint64_t entries) {
  add(entries);
  ++functions_;
  highestEntries_ = std::max(highestEntries_, entries);
}

std::uint64_t CountSummary::sum() const {
  return sum_ > UINT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(sum_);
}

CountSummary::Percentile CountSummary::percentile(std::uint32_t millionths) const {
  // Rounded up, without overflow: the sum is below 2^96.
  const Wide wanted = (sum_ * millionths + 999'999) / 1'000'000;
  Percentile found;
  Wide reached = 0;
  for (unsigned i = buckets_.size(); i-- > 0 && reached < wanted;) {
    if (buckets_[i].places == 0)
      continue;
    reached += buckets_[i].sum;
    found.places += buckets_[i].places;
    found.least = leastOf(i);
  }
  return found;
}

} // namespace kiln
