# Work for jq: regroup orders by customer and total them. Input: the JSON file.
group_by(.customer)
| map({customer: .[0].customer,
       orders: length,
       total: (map(.items | map(.price * .count) | add) | add),
       tags: (map(.tags) | add | unique),
       longest: (map(.items | map(.name | length) | max) | max)})
| sort_by(-.total)
