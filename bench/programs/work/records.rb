# Work for ruby: parse a table, group it, build strings and objects. Argument: the CSV file.
Row = Struct.new(:id, :name, :city, :amount)

2.times do
  rows = File.foreach(ARGV[0]).drop(1).map do |line|
    id, name, city, amount = line.chomp.split(',')
    Row.new(id.to_i, name, city, amount.to_f)
  end
  by_city = rows.group_by(&:city)
  report = by_city.map do |city, some|
    names = some.map { |row| row.name.capitalize }.uniq.sort
    "#{city}: #{some.sum(&:amount).round(2)} from #{names.first(50).join(', ')}"
  end
  text = report.sort.join("\n")
  index = rows.each_with_object({}) { |row, all| (all[row.name] ||= []) << row.id.to_s }
  raise 'no rows' if text.size < 100 || index.empty?
end
