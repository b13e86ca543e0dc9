"""Snippets of Jinja, one construct each, for make_template_goldens.py."""

VARIABLES = {
    "s": "Hello World",
    "blank": "  \t x y \n ",
    "uni": "Ünïcödé 漢字 🙂 ß",
    "n": 7,
    "neg": -3,
    "f": 2.5,
    "t": True,
    "no": None,
    "lst": [3, 1, 2],
    "words": ["pear", "Apple", "fig", "apple"],
    "d": {"b": 2, "a": 1, "items": "key", "nested": {"x": [1, {"y": None}]}},
    "rows": [{"k": "x", "v": 3}, {"k": "y", "v": 1, "on": True}, {"k": "x", "v": 2, "on": False}],
    "quote": "it's \"q\" \\ \n tab\t <b> & é \x01 \x7f",
}

# {{ ... }}: each also proves its own precedence.
EXPRESSIONS = r"""
1 + 2 * 3
(1 + 2) * 3
7 // 2 ~ 7 % 3 ~ -7 // 2 ~ -7 % 3
7 / 2
2 ** 3 ** 2
-2 ** 2
- 3 | abs
-n | abs
1 ~ 2 + 3
'a' ~ 1 ~ none ~ true ~ 1.5
1e3
1.0e20
1.5e-7
0.1 + 0.2
1_000 + 0x1F + 0b101 + 0o17
'a' 'b' "c"
'\n\t\\\'\"\x41\u00e9\U0001F642\q\101'
"it's"
not true and false
not (true and false)
1 == 1.0
1 < 2 < 3
1 < 2 > 3
1 < 3 > 2 == 2
1 == 1 == 2
'a' < 'b'
[1, 2] < [1, 3]
(1, 2) == (1, 2)
{'a': 1} == {'a': 1.0}
none == none
nothing == none
nothing == other
nothing is defined
nothing is undefined
nothing
nothing ~ 'x'
nothing or 'default'
0 or '' or [] or 'last'
1 and 'x' and [2]
'x' in 'xyz'
'q' not in 'xyz'
2 in lst
'a' in d
9 not in lst
not 9 in lst
'yes' if n > 3 else 'no'
'yes' if n < 3
('yes' if n < 3) is defined
'a' if n < 3 else 'b' if n < 5 else 'c' if n == 7 else 'd'
('a' if true else 'b') ~ 'c'
'a' ~ ('b' if false else 'c')
[1 if true else 2, 3 if false else 4]
{'k': 1 if false else 2}.k
dict(a=1 if false else 2, b=3).b
s[0] ~ s[-1] ~ s[99]
s[1:4]
s[:-3]
s[::2]
s[::-1]
s[-3:]
s[5:2]
s[8:2:-2]
uni[1:9]
uni | length
uni[::-1]
uni | upper
uni | lower
lst[0] ~ lst[-1]
lst[1:]
lst[::-1]
lst[5]
lst[0:2] + [9]
(1,)
()
(1, 2)
[]
{}
[1, 'a', none, true, 1.5, "it's", 'q"q']
{'a': 1, 'b': [1, 2], 3: (4,)}
d
d.a ~ d['b'] ~ d.missing
d.nested.x[1].y
d.nested['x'][0]
d.items() | list
d.keys() | list
d.values() | list | length
d.items is defined
d['items']
d.get('a') ~ d.get('z') ~ d.get('z', 5)
d | length
d | items | list
d | list
d | dictsort
d.nested | tojson
rows | tojson
rows | tojson(indent=2)
d | tojson(indent=4)
[] | tojson(indent=2)
{} | tojson(indent=2)
[[], {}, [1, [2]]] | tojson(indent=1)
quote | tojson
quote | tojson(ensure_ascii=true)
uni | tojson(ensure_ascii=True)
d | tojson(sort_keys=true)
d | tojson(separators=(',', ':'))
1.0 | tojson
none | tojson
{1: 2, none: 3, true: 4, 1.5: 6} | tojson
quote
[quote]
s | upper
s | lower
s | length
s | replace('o', '0')
s | replace('o', '0', 1)
s | replace('', '-')
s | reverse
s | first ~ s | last
s | list
s | string
s | trim
blank | trim
'xxaxx' | trim('x')
'hello wORLD foo-bar (baz) o\'k' | title
'hello WORLD' | capitalize
'a\nb\n\nc' | indent
'a\nb\n\nc' | indent(2, true)
'a\nb\n\nc' | indent(2, first=true, blank=true)
'a\nb' | indent('> ')
'a\nb\n' | indent(2)
'' | indent(2, true)
lst | join
lst | join(', ')
rows | join('-', attribute='k')
lst | sort
lst | sort(reverse=true)
words | sort
words | sort(case_sensitive=true)
rows | sort(attribute='v') | map(attribute='v') | list
words | unique | list
words | unique(case_sensitive=true) | list
lst | max ~ lst | min ~ lst | sum
rows | sum(attribute='v')
rows | map(attribute='k') | join
rows | map(attribute='on', default='-') | join(',')
words | map('upper') | list
words | map('replace', 'p', 'P') | list
rows | selectattr('on') | map(attribute='v') | list
rows | selectattr('on', 'defined') | list | length
rows | selectattr('k', 'equalto', 'x') | map(attribute='v') | list
rows | rejectattr('k', 'eq', 'x') | map(attribute='k') | list
lst | select('gt', 1) | list
lst | select('odd') | list
lst | reject('odd') | list
[0, 1, '', 'a'] | select | list
none | selectattr('x') | list
lst | first ~ lst | last
[] | first
lst | reverse | list
lst | batch(2) | list
lst | batch(2, 'x') | list
'abc' | batch(2) | list
nothing | default('d')
no | default('d')
no | default('d', true)
'' | d('e', boolean=true)
nothing | d
nothing | length
'42' | int + 1
'x' | int
'x' | int(default=5)
' 12 ' | int
'3.7' | int
'ff' | int(base=16)
2.9 | int
'2.5' | float
'x' | float(1.5)
3 | float
n | string ~ 1
2.5 | round
3.5 | round
2.567 | round(2)
2.1 | round(0, 'ceil')
2.9 | round(method='floor')
neg | abs
'%s is %d' | format('x', 5)
'%s=%s' % ('a', 1)
'%s' % 'x'
'100%%' % ()
'{} {} {0}'.format('a', 'b')
'{} {}'.format('a', 2)
'{1}{0}{1}'.format('a', 'b')
'{x}-{{}}'.format(x=1)
'<a href="x">\'&' | escape
'<b>' | safe
('<b>' | safe) + '<i>'
'<b>' | e | upper
'one two  three' | wordcount
blank.strip()
'[' ~ blank.lstrip() ~ ']'
'[' ~ blank.rstrip() ~ ']'
'xyxhixy'.strip('xy')
'xyxhixy'.lstrip('xy')
'xyxhixy'.rstrip('xy')
'éaé'.strip('é')
s.split()
s.split('o')
s.split('o', 1)
s.rsplit('o', 1)
' a  b c '.split()
' a  b c '.split(none, 1)
' a  b c '.rsplit(none, 1)
'a,b,,c,'.split(',')
''.split(',')
''.split()
'a\nb\r\nc\n'.splitlines()
'a\nb'.splitlines(true)
s.startswith('He') ~ s.endswith('x')
s.startswith(('x', 'H'))
s.upper() ~ s.lower() ~ s.title() ~ s.capitalize()
"they're bill's".title()
s.replace('l', 'L', 2)
s.find('o') ~ s.rfind('o') ~ s.find('z') ~ s.count('l') ~ s.index('W')
uni.find('漢')
'-'.join(['a', 'b'])
'12'.isdigit() ~ 'a1'.isalnum() ~ 'ab'.isalpha() ~ ' '.isspace() ~ 'AB'.isupper() ~ 'a'.islower()
'a-b-c'.partition('-')
'a-b-c'.rpartition('-')
'ab'.ljust(4, '.') ~ 'ab'.rjust(4) ~ 'ab'.center(5, '*')
'-5'.zfill(4)
'abc'.removeprefix('a') ~ 'abc'.removesuffix('c')
lst.index(1) ~ lst.count(3)
n is number ~ f is number ~ s is number ~ t is number
n is integer ~ f is integer ~ t is integer
f is float ~ n is float
s is string ~ n is string
d is mapping ~ lst is mapping
lst is sequence ~ s is sequence ~ d is sequence ~ n is sequence ~ nothing is sequence
lst is iterable ~ s is iterable ~ n is iterable ~ nothing is iterable
no is none ~ nothing is none
t is true ~ t is false ~ n is true
t is boolean ~ n is boolean
n is odd ~ n is even ~ n is divisibleby 7 ~ n is divisibleby(2)
n is eq 7 ~ n is ne(7) ~ n is gt 3 ~ n is lessthan 3
2 is in lst
'b' is in d
s is lower ~ 'abc' is lower ~ 'ABC' is upper
n is not defined
nothing is not defined
not n is defined
n is defined and s is defined or false
n is sameas n
raise_exception is callable
s.strip is callable
range(3) | list
range(1, 4) | list
range(5, 0, -2) | list
range(0) | list
dict(a=1, b=2)
dict({'x': 1}, y=2)
namespace(a=1).a
strftime_now('%Y-%m-%d %H:%M:%S %d %b %Y %B %A %a %j %y %p %I %-d %-m %%')
[1, 2] + [3]
(1, 2) + (3,)
'ab' * 3
[0] * 3
true + true
1, 2
lst.0
d.nested.x.1.y
'a' is defined
[lst | length, s | length]
{'a': {'b': {'c': 1}}}.a.b.c
(lst | map('string') | list)[0] ~ 'x'
lst is defined and lst | length > 2
(n - 3) * -1 ~ 'x'
+n
'a' in ['a', 'b'] and 'c' not in 'ab'
n > 3 and (n < 10 or false)
'x' ~ n if n else 'y'
none is none and not false
"{'a'}" ~ '}}' ~ "%}"
s | replace('World', 'x') | upper | trim ~ '!'
"abc"[1] ~ "abc"[-1:]
[[1, 2], [3, 4]][1][0]
(1, 2)[1]
1.0
100000000000000000.0
123456789012345680.0
0.0001
0.00001
1e16
-0.0
3.0 * 2
1 / 3
10 % 3.5
-7.5 // 2
7 // 2.0
'é' == '\u00e9'
1 in {1: 2}
'Z' < 'a'
"\\d" ~ '\\n'
"""

STATEMENTS = [
    "{% if n > 5 %}a{% elif n > 3 %}b{% else %}c{% endif %}",
    "{% if false %}a{% elif n == 7 %}b{% else %}c{% endif %}",
    "{% if false %}a{% elif false %}b{% else %}c{% endif %}x",
    "{% if nothing %}a{% endif %}b",
    "{% for x in lst %}{{ x }},{% endfor %}",
    "{% for x in [] %}a{% else %}none{% endfor %}",
    "{% for x in nothing %}a{% else %}none{% endfor %}",
    "{% for x in lst if x > 1 %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% else %}e{% endfor %}",
    "{% for x in lst if x > 9 %}{{ x }}{% else %}e{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for (k, v) in d | dictsort %}{{ k }}={{ v }};{% endfor %}",
    "{% for k in d %}{{ k }};{% endfor %}",
    "{% for c in 'aé🙂' %}{{ c }}|{% endfor %}",
    "{% for x in lst %}{{ loop.index0 }}{{ loop.index }}{{ loop.revindex }}{{ loop.revindex0 }}"
    "{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}"
    "{{ loop.depth }}{{ loop.depth0 }}{{ loop.cycle('a', 'b') }};{% endfor %}",
    "{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{% endfor %}",
    "{% for a in lst %}{% for b in lst %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}",
    "{% for x in lst %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in lst %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% else %}E{% endfor %}z",
    "{% for x in lst %}{% for y in lst %}{% if y == 1 %}{% break %}{% endif %}{{ y }}{% endfor %}-{% endfor %}",
    "{% set x = 5 %}{{ x }}{% set x = x + 1 %}{{ x }}",
    "{% set a, b = 1, 2 %}{{ b }}{{ a }}",
    "{% set t = 1, 2 %}{{ t }}",
    "{% set x = 1 %}{% for i in lst %}{% set x = x + i %}{{ x }},{% endfor %}{{ x }}",
    "{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% set ns = namespace(x=1, y='a') %}{% for i in lst %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}{{ ns.z }}",
    "{% set ns = namespace() %}{% set ns.q = [1] %}{{ ns.q }}{{ ns['q'] }}",
    "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a + ns.b }}",
    "{% set x %}a{{ n }}b{% endset %}[{{ x }}]",
    "{% set x | upper | trim %} a{{ s }}b {% endset %}[{{ x }}]",
    "{% set x | replace('a', 'b') %}aaa{% endset %}{{ x }}",
    "{% set x = 1 %}{% set y %}{% set x = 2 %}{{ x }}{% endset %}{{ x }}{{ y }}",
    "{% filter upper %}abc{{ s }}{% endfilter %}",
    "{% filter replace('a', 'b') | upper %}banana{% endfilter %}",
    "{% filter trim %}  {% for x in lst %}{{ x }}{% endfor %} {% endfilter %}",
    "{% macro m(a, b=2, c='x') %}{{ a }}{{ b }}{{ c }};{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(1, c=5) }}{{ m(b=1, a=2) }}{{ m() }}",
    "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 2) }}",
    "{% macro m(x) %}{% if x > 0 %}{{ x }}{{ m(x - 1) }}{% endif %}{% endmacro %}{{ m(5) }}",
    "{% macro m() %}{{ n }}{{ later }}{% endmacro %}{% set later = 3 %}{{ m() }}",
    "{% macro m(n) %}{% set q = n %}{{ q }}{% endmacro %}{{ m(1) }}{{ n }}{{ q }}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}",
    "{% macro m(a) %}{{ a }}{{ varargs | length }}{% endmacro %}{{ m(1, 2, 3) }}",
    "{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}body{{ n }}{% endcall %}",
    "{% macro m(x) %}<{{ caller(x, 2) }}>{% endmacro %}{% call(a, b) m(1) %}{{ a }}{{ b }}{% endcall %}",
    "{% macro m() %}{% if caller %}y{% else %}n{% endif %}{% endmacro %}{{ m() }}{% call m() %}{% endcall %}",
    "{% macro a() %}A{{ b() }}{% endmacro %}{% macro b() %}B{% endmacro %}{{ a() }}",
    "{% for x in lst %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{% endfor %}",
    "{% macro m(x) %}  {{ x }}  {% endmacro %}[{{ m('a') | trim }}]",
    "{% set f = s.upper %}{{ f() }}",
    "{% set x = 1 %}{% with x = 2, y = x %}{{ x }}{{ y }}{% endwith %}{{ x }}",
    "{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q }}",
    "a{# comment #}b",
    "a\n{# comment #}\nb",
    "a {#- comment -#} b",
    "{% raw %}{{ x }}{% y %}{% endraw %}z",
    "a\n  {%- raw -%}  {{ x }}  {%- endraw -%}  b",
    "  {% raw %}\n x {% endraw %}\ny",
    "{% generation %}{% set x = 1 %}{{ x }}{% endgeneration %}{{ x }}",
    "{% for x in lst %}{% generation %}{{ x }}{{ loop.index }}{% endgeneration %}{% endfor %}",
    "  {% if true %}\n  a\n  {% endif %}\nb\n",
    "  {%+ if true %}\n  a\n  {%+ endif +%}\nb\n",
    "x  {%- if true -%}  a  {%- endif -%}  y",
    "x {{- n -}} y {{ n -}}  z",
    "{{ n }}\n{{ n }}\n\n",
    "a\r\nb\rc{{ n }}\r\n",
    "a {% if true %} b {% endif %} c",
    "\n\n  {% set x = 1 %}  \n  {{ x }}",
    "  {{ n }}  {# c #}\n  {# d #}  e",
    "\t {% set x = 1 %}\ny",
    "x\n   {%- set y = 1 %}\n   z",
    "{%- for m in rows %}\n{%- if m.on %}\n{{ '<' + m.k + '>' }}\n{%- endif %}\n{%- endfor %}",
    "{{ '{{' }} { { {x} }",
    "{{ 1 }}{{ {'a': {'b': 1}} }}",
    "{{\n1\n+\n2\n}}",
    "{%if true%}x{%endif%}",
    "{% for i in range(3) %}{% for j in range(i) %}{{ i }}{{ j }} {% endfor %}{% endfor %}",
    "{% set x = [] %}{% set x = x + [1] %}{% set x = x + [2] %}{{ x }}",
    "{% set _ = lst.append(9) %}{{ lst }}{{ lst.pop() }}{{ lst.pop(0) }}{{ lst }}",
    "{% for x in rows | selectattr('on', 'defined') | list %}{{ x.v }}{% endfor %}",
    "{% if s is string and 'World' in s %}{{ s.split(' ')[-1] }}{% endif %}",
    "{{ raise_exception('stop ' ~ n) }}",
    "{{ nothing.x }}",
    "{{ nothing[0] }}",
    "{{ nothing() }}",
    "{{ nothing + 1 }}",
    "{{ 'a' + 1 }}",
    "{{ 1 / 0 }}",
    "{{ 1 // 0 }}",
    "{{ none.x.y }}",
    "{{ 1 < 'a' }}",
    "{{ [1] | join(nothing) }}",
    "{% for x in 5 %}{% endfor %}",
    "{% for a, b in [[1]] %}{% endfor %}",
    "{{ ''.__class__.__mro__ }}",
    "{{ ''.__class__ }}",
    "{{ d.update({'x': 1}) }}",
    "{{ lst.sort() }}",
    "{{ range(10 ** 9) }}",
    "{{ {}[[]] }}",
    "{{ {[]: 1} }}",
    "{{ d | tojson(bad=1) }}",
    "{{ nothing | tojson }}",
    "{{ s | nosuchfilter }}",
    "{% if x %}",
    "{% endif %}",
    "{{ 1",
    "{% for %}{% endfor %}",
    "{{ }}",
    "{{ (1 }}",
    "{{ 'a }}",
    "{# a",
    "{{ 1 +  }}",
    "{% break %}",
    "{% set %}",
    "{% nosuchtag %}",
    "{{ a b }}",
    "{{ f(a=) }}",
    "{{ dict(1, a=) }}",
    "{{ dict(a=1, 2) }}",
    "{{ x is }}",
    "{{ [1, 2 }}",
    "{{ {1} }}",
    "{{ {1: } }}",
    "{{ d[1:2:3:4] }}",
    "{{ . }}",
    "{{ 1 if }}",
    "{{ 1 else 2 }}",
]
