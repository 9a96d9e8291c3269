-- A mix of what Lua programs do: numbers, tables, strings, closures, objects,
-- coroutines, errors.  Usage: mix.lua SCALE; the work grows linearly, one unit
-- is about 3 ms natively.  Prints one checksum per section.
--
-- No section may depend on the order of pairs() or on addresses: both change
-- from run to run.
local scale = assert(math.tointeger(tonumber(arg[1] or 1)), "SCALE must be a whole number")

local function report(name, value)
  if math.type(value) == "float" then value = ("%.6f"):format(value) end
  print(("%-10s %s"):format(name, value))
end

local function fold(sum, value) return (sum * 31 + value) & 0xffffffffffff end

local function numbers(units)
  local sum = 0.0
  for unit = 1, units do
    local x = unit / 1000
    for i = 1, 20000 do
      x = x * 0.999 + (i % 7) * 0.25
      if x > 3 then x = x - 2.5 end
      sum = sum + math.floor(x * 8) / 8
    end
  end
  return sum
end

local function sieve(units)
  local sum = 0
  for unit = 1, units do
    local limit, composite = 4000 + unit % 5, {}
    for i = 2, limit do
      if not composite[i] then
        sum = fold(sum, i)
        for j = i * i, limit, i do composite[j] = true end
      end
    end
  end
  return sum
end

local function sorting(units)
  local sum, seed = 0, 12345
  for _ = 1, units do
    local items = {}
    for i = 1, 700 do
      seed = (seed * 1103515245 + 12345) & 0x7fffffff
      items[i] = { key = seed % 1000, place = i }
    end
    table.sort(items, function(a, b)
      if a.key ~= b.key then return a.key < b.key end
      return a.place < b.place
    end)
    for i = 1, #items, 50 do sum = fold(sum, items[i].key + items[i].place) end
  end
  return sum
end

local function words(units)
  local sum = 0
  for unit = 1, units do
    local pieces = {}
    for i = 1, 250 do
      pieces[#pieces + 1] = ("w%x_%d"):format(i * 2654435761 % 65536, i % 10 + unit % 3)
    end
    local text = table.concat(pieces, " ")
    local counts = {}
    for word in text:gmatch("%a%x+") do counts[word:sub(1, 2)] = (counts[word:sub(1, 2)] or 0) + 1 end
    local keys = {}
    for key in pairs(counts) do keys[#keys + 1] = key end
    table.sort(keys)
    for _, key in ipairs(keys) do sum = fold(sum, key:byte(2) * counts[key]) end
    local swapped = text:gsub("_(%d+)", "<%1>"):upper():reverse()
    sum = fold(sum, #swapped + swapped:byte(unit % #swapped + 1))
  end
  return sum
end

local function closures(units)
  local function counter(step)
    local count = 0
    return function(more) count = count + step + more; return count end
  end
  local function compose(f, g) return function(x) return f(g(x)) end end
  local sum = 0
  for unit = 1, units do
    local chain = function(x) return x + unit end
    for step = 1, 8 do chain = compose(chain, counter(step)) end
    for i = 1, 700 do sum = fold(sum, chain(i % 5)) end
  end
  return sum
end

local Shape = {}
Shape.__index = Shape
function Shape.new(width, height) return setmetatable({ width = width, height = height }, Shape) end
function Shape:area() return self.width * self.height end
function Shape:grow(by) self.width = self.width + by; return self end
Shape.__add = function(a, b) return Shape.new(a.width + b.width, a.height + b.height) end

local function objects(units)
  local sum = 0
  for unit = 1, units do
    local total = Shape.new(0, 1)
    for i = 1, 2500 do
      local shape = Shape.new(i % 17, unit % 5 + 1):grow(i % 3)
      sum = fold(sum, shape:area())
      if i % 10 == 0 then total = total + shape end
    end
    sum = fold(sum, total:area())
  end
  return sum
end

local function coroutines(units)
  local function range(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
  local sum = 0
  for unit = 1, units do
    for value in range(2500) do sum = fold(sum, value ~ unit) end
  end
  return sum
end

local function errors(units)
  local function risky(n)
    if n % 3 == 0 then error({ code = n }) end
    return n
  end
  local sum = 0
  for unit = 1, units do
    for i = 1, 1500 do
      local good, result = pcall(risky, i + unit)
      sum = fold(sum, good and result or result.code * 2)
    end
  end
  return sum
end

local sections = {
  { "numbers", numbers }, { "sieve", sieve }, { "sorting", sorting }, { "words", words },
  { "closures", closures }, { "objects", objects }, { "coroutines", coroutines },
  { "errors", errors },
}
for _, section in ipairs(sections) do
  local name, work = section[1], section[2]
  report(name, work(scale))
end
