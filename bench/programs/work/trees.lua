-- Work for lua: binary trees of tables, and strings that are built, kept in a table and discarded. Argument: rounds.
local rounds = tonumber(arg[1])

local function tree(depth)
    if depth == 0 then return {} end
    return {tree(depth - 1), tree(depth - 1)}
end

local function count(node)
    if not node[1] then return 1 end
    return 1 + count(node[1]) + count(node[2])
end

local kept = tree(14)
local nodes = 0
for round = 1, rounds do
    nodes = nodes + count(tree(12))
    local lines = {}
    for i = 1, 5000 do
        lines[#lines + 1] = string.format("round %d, line %d of %s", round, i, ("x"):rep(i % 40))
    end
    local text = table.concat(lines, "\n")
    for word in text:sub(1, 50000):gmatch("%a+") do lines[word] = (lines[word] or 0) + 1 end
end
assert(count(kept) == 2 ^ 15 - 1 and nodes == rounds * (2 ^ 13 - 1))
