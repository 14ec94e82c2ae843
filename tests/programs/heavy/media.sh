# shellcheck shell=bash disable=SC2034
# Pictures, sound, films and documents; each with many threads or large buffers.
# SPDX-License-Identifier: MIT
packages=""

packages_ffmpeg="ffmpeg"
processes_ffmpeg="ffmpeg"
program_ffmpeg() {
    ffmpeg -v error -f lavfi -i testsrc2=size=320x240:rate=25:duration=4 -f lavfi -i sine=frequency=440:duration=4 \
        -c:v mpeg4 -threads 2 -c:a aac -bitexact -y film.mkv
    ffmpeg -v error -i film.mkv -vf scale=640x480,hue=h=90 -threads 2 -f framemd5 -bitexact -y frames
    grep -vc '^#' frames
    ffmpeg -v error -i film.mkv -c:v libx264 -preset veryfast -threads 2 -an -bitexact -f null - && echo encoded
}

packages_convert="imagemagick"
processes_convert="convert*"
program_convert() {
    convert -size 800x600 plasma:red-blue -seed 7 -blur 0x3 plasma.png
    convert -size 900x700 gradient:red-blue -rotate 30 -resize 50% -sharpen 0x1 gradient.ppm
    sha256sum gradient.ppm
    identify -format '%wx%h\n' plasma.png
}

packages_dot="graphviz"
processes_dot="*gvc6-config-update" # which dot is a link to
program_dot() {
    {
        echo 'digraph g {'
        for i in {1..150}; do echo "n$i -> n$((i * 7 % 151)); n$i -> n$((i / 2));"; done
        echo '}'
    } >graph.dot
    dot -Tsvg graph.dot | sha256sum
    dot -Tplain graph.dot | sha256sum
}

packages_gnuplot="gnuplot-nox"
processes_gnuplot="gnuplot*"
program_gnuplot() {
    gnuplot -e 'set terminal svg; set output "plot.svg"; set isosamples 60; splot sin(x) * cos(y), x * y / 50'
    grep -c path plot.svg
}

packages_pandoc="pandoc"
processes_pandoc="pandoc"
program_pandoc() {
    for i in {1..300}; do
        # shellcheck disable=SC2016 # a document's backticks
        printf '# Part %d\n\nSome *text* with `code`, and a [link](http://x/%d).\n\n' "$i" "$i"
    done >t.md
    pandoc t.md -t html | sha256sum
    pandoc t.md -t latex | sha256sum
}

packages_libreoffice="libreoffice-calc-nogui libreoffice-writer-nogui"
processes_libreoffice="soffice.bin"
program_libreoffice() {
    awk 'BEGIN { for (i = 0; i < 3000; i++) printf "%d,name %d,%d\n", i, i * 7919 % 1013, i * 31 % 97 }' >t.csv
    for i in {1..200}; do echo "Paragraph $i with some text to lay out on pages."; done >t.txt
    local run=(soffice --headless --norestore "-env:UserInstallation=file://$PWD/profile")
    "${run[@]}" --convert-to ods t.csv >log 2>&1
    "${run[@]}" --convert-to csv:"Text - txt - csv (StarCalc)":44,34,76 --outdir out t.ods >>log 2>&1
    cmp t.csv out/t.csv && echo same
    "${run[@]}" --convert-to pdf t.txt >>log 2>&1
    head -c 5 t.pdf
    rm -rf profile t.ods t.pdf
}

# It has a malloc of its own (PartitionAlloc), which its libraries use too: both must get along.
packages_chromium="chromium-headless-shell"
processes_chromium=""
own_malloc_chromium="chromium-headless-shell"
program_chromium() {
    cat >page.html <<'HTML'
<body><canvas id=c width=300 height=200></canvas><ul id=l></ul><script>
for (let i = 0; i < 2000; i++) { const e = document.createElement('li'); e.textContent = 'n' + i * 7919 % 1013;
    document.getElementById('l').append(e); }
const g = document.getElementById('c').getContext('2d');
for (let i = 0; i < 500; i++) { g.fillStyle = `hsl(${i} 80% 50%)`; g.fillRect(i % 300, i * 7 % 200, 30, 20); }
</script></body>
HTML
    local shell
    shell=$(type -P chromium-headless-shell || echo /usr/lib/chromium/headless_shell)
    "$shell" --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" --window-size=400,300 \
        --screenshot=shot.png "file://$PWD/page.html" >log 2>&1
    file shot.png 2>/dev/null || head -c 4 shot.png | tail -c 3
    "$shell" --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" --dump-dom "file://$PWD/page.html" 2>/dev/null |
        sha256sum
    rm -rf profile log shot.png
}
