-- wrk: round robin over the paths in the file URLS, with HEADERS ("name: value" lines); prints one line of figures.
-- An @ in a path becomes a number that grows with every request, so that no cache has the answer.
local urls, headers = {}, {}
for line in io.lines(os.getenv("URLS")) do urls[#urls + 1] = line end
for line in io.lines(os.getenv("HEADERS")) do
  local name, value = line:match("^([^:]+): (.*)$")
  headers[name] = value
end
local place, count = math.random(#urls), os.time() % 100000 * 1000
request = function()
  place = place % #urls + 1
  count = count + 1
  return wrk.format("GET", (urls[place]:gsub("@", count)), headers)
end
done = function(summary, latency, _)
  io.write(string.format("RESULT %d %d %d %.3f %.3f %d\n", summary.requests, summary.bytes, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, summary.errors.status))
end
