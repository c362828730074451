"""Writes `queries.txt`: GraphQL documents, and what graphql-core makes of each.

    pip install graphql-core==3.2.6 && python3 queries.py > queries.txt

A line is JSON: the document, the name and the numbers of variables that come with it, and `null` where graphql-core does
not parse it, else kind, name, roots and measures of the operation that runs. The measures are counted by the definitions in
PROTOCOLS.md, over graphql-core's tree, without remembering anything. Documents are made from a seed: some whole, some
with a token taken out, doubled, or put elsewhere.
"""
import json
import random

from graphql import GraphQLError, parse
from graphql.language import (FieldNode, FragmentDefinitionNode, FragmentSpreadNode, IntValueNode,
                              OperationDefinitionNode, VariableNode)

RANDOM = random.Random(8)
HAND = [
    "{a}", "query A{a}", "query($a:Int=3@x){a(first:$a){b}}", "subscription S@a@b{a}", "{a:b}", "{on}", "{query:mutation}",
    "fragment F on T{x} query{...F}", "{...on T@include(if:true){a} ...@skip(if:$b){b} ... on X{c}}",
    '{a(s:"\\u00e9\\n",b:"""block \\""" "x" """,c:[1,-2,3.5e-1,[]],d:{e:{f:null,g:E,h:true}})}', '{a(s:"\\u{1F600}")}',
    "{a(x:1.0e5)}", "{a(x:00)}", "{a(x:-0)}", "{a(x:- 0)}", "{a(x:1.e1)}", "{a(x:.5)}", "{a(x:1x)}", "{a(x:0x1)}",
    '{a(s:"\t")}', '{a(s:"\\q")}', '{a(s:"\\u12")}', '{a(s:"""")}', '{a(s:"")}', '{a(s:"""""")}', "#c\n{a#}\n}", "{a,,,b}",
    "{a{}}", "{}", "", "query A", "query A($){a}", "query A($a){a}", "query A($a:[Int!]!){a}", "query A($a:[Int){a}",
    "query A($a:Int!!){a}", "query A($a:Int=$b){a}", "query A($a:Int @x(y:$b)){a}", "mutation{a}{b}", "{a} query B{b}",
    "fragment on on T{a}", "fragment F on T{a}", "fragment F{a}", "fragment F($a:Int) on T{a}", "{...on}", "{...on on{a}}",
    "{... F}", "{...}", "{..F}", "{a(x:$)}", "{a(x:$ y)}", "{a(:1)}", "{a()}", "{a@}", "{a@b()}", "{a b:c:d}", "type T{a:Int}",
    "schema{query:Q}", "extend type T{a:Int}", "{a|b}", "{a&b}", "{a=b}", "{a!}", "\ufeff{a}", "{a\ufeff}", "{é}", "{a(s:é)}",
    "{a(first:2,limit:9,last:4){b{c}}}", "{a(first:1,first:7){b}}", "{a(after:{first:9}){b}}", "{a(first:[9]){b}}",
]
NAMES = ["a", "b", "user", "orders", "on", "query", "_x1", "node"]


def value(depth):
    kinds = ["1", "20", "-3", "1.5", "true", "null", "ENUM", '"text }"', '"""b"""', "$n", "$m"]
    if depth > 0:
        kinds += ["[" + " ".join(value(depth - 1) for _ in range(RANDOM.randrange(3))) + "]",
                  "{" + ",".join(f"k{i}:" + value(depth - 1) for i in range(RANDOM.randrange(3))) + "}"]
    return RANDOM.choice(kinds)


def arguments():
    names = RANDOM.sample(["first", "last", "limit", "id", "where"], RANDOM.randrange(3))
    return "(" + ",".join(f"{name}:{value(1)}" for name in names) + ")" if names else ""


def directives():
    return "".join(f"@{RANDOM.choice(NAMES)}{arguments()}" for _ in range(RANDOM.choice([0, 0, 0, 1, 2])))


def selections(depth, fragments):
    out = []
    for _ in range(RANDOM.choice([1, 1, 2, 3])):
        kind = RANDOM.random()
        if kind < 0.15 and fragments:
            out.append(f"...{RANDOM.choice(fragments)}{directives()}")
        elif kind < 0.3 and depth > 0:
            on = RANDOM.choice(["", " on T"])
            out.append(f"...{on}{directives()}{selections(depth - 1, fragments)}")
        else:
            alias = RANDOM.choice(["", "", f"{RANDOM.choice(NAMES)}:"])
            inner = selections(depth - 1, fragments) if depth > 0 and RANDOM.random() < 0.6 else ""
            out.append(f"{alias}{RANDOM.choice(NAMES)}{arguments()}{directives()}{inner}")
    return "{" + RANDOM.choice([" ", ",", "\n"]).join(out) + "}"


def document():
    fragments = [f"F{i}" for i in range(RANDOM.randrange(4))]
    parts = [f"fragment {name} on T{directives()}{selections(1, fragments[at + 1:])}" for at, name in enumerate(fragments)]
    kind = RANDOM.choice(["query", "mutation", "subscription"])
    variables = RANDOM.choice(["", "($n:Int=4,$m:[T!]!)", f"($n:Int=4 {directives().replace('$', '')})"])
    parts.insert(RANDOM.randrange(len(parts) + 1), f"{kind} {RANDOM.choice(['', 'Op'])}{variables}{directives()}{selections(RANDOM.choice([1, 1, 2]), fragments)}")
    return " ".join(parts)


def broken(text):
    tokens = text.replace("{", " { ").replace("}", " } ").replace("(", " ( ").replace(")", " ) ").replace(":", " : ").split()
    at = RANDOM.randrange(len(tokens))
    token = tokens[at]
    change = RANDOM.randrange(3)
    if change == 0:
        del tokens[at]
    elif change == 1:
        tokens.insert(at, token)
    else:
        tokens[at] = RANDOM.choice(tokens)
    return " ".join(tokens)


def times(field, variables):
    said = [1]
    last = {}
    for argument in field.arguments:
        last[argument.name.value] = argument.value
    for name in ("first", "last", "limit"):
        node = last.get(name)
        if isinstance(node, IntValueNode):
            said.append(int(node.value))
        elif isinstance(node, VariableNode) and node.name.value in variables:
            said.append(variables[node.name.value])
    return max(said)


def measured(selection_set, fragments, variables, path=()):
    depth = aliases = fields = directives = cost = 0
    for one in selection_set.selections:
        if isinstance(one, FieldNode):
            inner = measured(one.selection_set, fragments, variables, path) if one.selection_set else [0] * 5
            part = [inner[0] + 1, inner[1] + (one.alias is not None), 1, inner[3], 1 + times(one, variables) * inner[4]]
        elif isinstance(one, FragmentSpreadNode):
            name = one.name.value
            if name in path or name not in fragments:
                raise KeyError(name)
            fragment = fragments[name]
            part = measured(fragment.selection_set, fragments, variables, path + (name,))
            part[3] += len(fragment.directives)
        else:
            part = measured(one.selection_set, fragments, variables, path)
        part[3] += len(one.directives)
        depth = max(depth, part[0])
        aliases, fields, directives, cost = aliases + part[1], fields + part[2], directives + part[3], cost + part[4]
    return [depth, aliases, fields, directives, cost]


def roots(selection_set, fragments):
    found = set()
    for one in selection_set.selections:
        if isinstance(one, FieldNode):
            found.add(one.name.value)
        elif isinstance(one, FragmentSpreadNode):
            found |= roots(fragments[one.name.value].selection_set, fragments)
        else:
            found |= roots(one.selection_set, fragments)
    return found


def expected(text, variables):
    try:
        tree = parse(text)
    except GraphQLError:
        return None
    operations = [one for one in tree.definitions if isinstance(one, OperationDefinitionNode)]
    fragments = {one.name.value: one for one in tree.definitions if isinstance(one, FragmentDefinitionNode)}
    if len(operations) != 1 or len(operations) + len(fragments) != len(tree.definitions):
        return None
    own = operations[0]
    known = {one.variable.name.value: int(one.default_value.value) for one in own.variable_definitions
             if isinstance(one.default_value, IntValueNode)}
    known.update(variables)
    try:
        measures = measured(own.selection_set, fragments, known)
        for fragment in fragments.values():
            measured(fragment.selection_set, fragments, known)
    except KeyError:
        return None
    measures[3] += len(own.directives) + sum(len(one.directives) for one in own.variable_definitions)
    return {"kind": own.operation.value, "name": own.name and own.name.value,
            "roots": sorted(roots(own.selection_set, fragments)), "measures": measures}


def main():
    texts = HAND + [document() for _ in range(150)]
    texts += [broken(document()) for _ in range(200)]
    for text in texts:
        variables = RANDOM.choice([{}, {}, {"n": 30}, {"n": 2, "m": 9}])
        print(json.dumps({"document": text, "variables": variables, "expected": expected(text, variables)}, ensure_ascii=False))


main()
