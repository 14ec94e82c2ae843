# Work for ruby: objects in hashes, strings that are built, cut and discarded, sorting by keys. Argument: the text file.
# SPDX-License-Identifier: MIT
Note = Struct.new(:number, :words, :title, :links)
notes = {}
by_word = Hash.new { |hash, key| hash[key] = [] }
File.foreach(ARGV[0]).with_index do |line, number|
  next if number % 2 == 0
  words = line.split
  note = Note.new(number, words, words.map(&:capitalize).join(' '), {})
  notes["note #{number}"] = note
  words.uniq.each { |word| by_word[word] << note }
end
by_word.each_value { |some| some.each_cons(2) { |a, b| a.links[b.number] = b.title.length } if some.length < 20 }
notes.delete_if { |_, note| note.number % 3 == 0 }
page = +''
by_word.sort_by { |word, some| [-some.length, word] }.each do |word, some|
  page << word << ': ' << some.first(8).map(&:title).join('; ') << "\n"
end
abort 'no words' if page.length < 1000
