"""Writes positives.txt: values that an independent implementation of each rule calls valid, and some that it calls wrong.

    pip install python-stdnum phonenumbers && python3 positives.py > positives.txt

The seed is fixed, so the same versions of both packages (named in the first line) write the same file. Sections begin with
`= data type [| data type] <tab> field name`; with `!` before the data type the values are wrong and must not be found as that type.
"""

import importlib.metadata
import random
import string

import phonenumbers
from stdnum import bitcoin, iban, imei, luhn, meid, numdb
from stdnum.ar import cuit
from stdnum.au import abn, tfn
from stdnum.be import nn
from stdnum.br import cnpj, cpf
from stdnum.ca import sin
from stdnum.cl import rut
from stdnum.cn import ric, uscc
from stdnum.de import idnr as de_idnr
from stdnum.dk import cpr
from stdnum.es import cif, dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.id import nik
from stdnum.il import idnr as il_idnr
from stdnum.in_ import aadhaar, gstin, pan
from stdnum.it import codicefiscale, iva
from stdnum.jp import in_ as jp_in
from stdnum.kr import rrn
from stdnum.mx import curp, rfc
from stdnum.my import nric
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.nz import ird
from stdnum.pl import nip, pesel, regon
from stdnum.se import personnummer
from stdnum.th import pin
from stdnum.tr import tckimlik
from stdnum.us import ein, itin, rtn, ssn
from stdnum.za import idnr as za_idnr

R = random.Random(20261126)
COUNT = 100
UPPER = string.ascii_uppercase


def digits(count):
    return "".join(R.choice(string.digits) for _ in range(count))


def letters(count, alphabet=UPPER):
    return "".join(R.choice(alphabet) for _ in range(count))


def date(pattern, low=1940, high=2005):
    year, month, day = R.randint(low, high), R.randint(1, 12), R.randint(1, 28)
    return pattern.format(y=year, yy=year % 100, m=month, d=day)


def section(types, key, make, valid=lambda _: True, count=COUNT):
    print(f"= {types}\t{key}")
    seen = set()
    while len(seen) < count:
        value = make()
        if valid(value) and value not in seen:
            seen.add(value)
            print(value)


def both(types, key, make, valid, count=COUNT):
    """Right ones, and wrong ones of the same make."""
    section(types, key, make, valid, count)
    section(f"!{types}", key, make, lambda value: not valid(value), 10)


def grouped(value, sizes, separator=" "):
    parts, at = [], 0
    for size in sizes:
        parts.append(value[at : at + size])
        at += size
    return separator.join(part for part in parts if part)


# Payment cards: issuers' ranges of each network, Luhn's digit by stdnum.
ISSUERS = [("4", 16), ("51", 16), ("52", 16), ("55", 16), ("2221", 16), ("2720", 16), ("34", 15), ("37", 15), ("6011", 16), ("644", 16), ("65", 16),
           ("3528", 16), ("3589", 16), ("36", 14), ("300", 14), ("305", 14), ("38", 14), ("62", 16), ("62", 19), ("6304", 16), ("6759", 12), ("2200", 16)]


def card():
    prefix, length = R.choice(ISSUERS)
    body = prefix + digits(length - len(prefix) - 1)
    return body + luhn.calc_check_digit(body)


print("# " + ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("python-stdnum", "phonenumbers")))
section("payment_card", "cardNumber", card)
section("payment_card", "", lambda: grouped(card(), [4, 4, 4, 4], R.choice(" -")), lambda value: len(value) == 19 and luhn.is_valid(value.replace(" ", "").replace("-", "")))
section("!payment_card", "cardNumber", lambda: card()[:-1] + R.choice(string.digits), lambda value: not luhn.is_valid(value), 30)


# IBAN: structure by the registry that stdnum carries.
def account():
    country, structure = R.choice(STRUCTURES)
    body = ""
    for count, kind in structure:
        body += digits(count) if kind == "n" else letters(count) if kind == "a" else letters(count, UPPER + string.digits)
    return country + iban.calc_check_digits(country + "00" + body) + body


def structures():
    import os
    import re
    with open(os.path.join(os.path.dirname(iban.__file__), "iban.dat"), encoding="utf-8") as lines:
        for line in lines:
            found = re.match(r'(\w\w) .*bban="([^"]*)"', line)
            if found:
                yield found[1], [(int(count), kind) for count, kind in re.findall(r"(\d+)!([nac])", found[2])]


STRUCTURES = list(structures())
section("iban", "", account, lambda value: iban.is_valid(value, check_country=False), 150)
section("iban", "", lambda: grouped(account(), [4] * 9), lambda value: iban.is_valid(value, check_country=False))

# China.

def regions():
    table = numdb.get("cn/loc")
    while True:
        code = f"{R.randint(11, 65)}{R.randint(1, 40):02}{R.randint(1, 40):02}"
        if len(table.info(code)) == 2 and all(properties for _, properties in table.info(code)):
            yield code


REGION = regions()


def resident():
    body = next(REGION) + date("{y}{m:02}{d:02}") + digits(3)
    return body + ric.calc_check_digit(body)


section("cn_resident_id", "", resident, ric.is_valid, 150)
section("!cn_resident_id", "", lambda: resident()[:-1] + R.choice("0123456789X"), lambda value: not ric.is_valid(value), 20)


def company():
    body = R.choice(["91", "92", "93", "11", "12", "51", "52"]) + next(REGION) + letters(9, "0123456789ABCDEFGHJKLMNPQRTUWXY")
    return body + uscc.calc_check_digit(body)


section("cn_uscc", "taxNumber", company, uscc.is_valid)
section("cn_uscc", "", company, lambda value: uscc.is_valid(value) and not value.isdigit())

# Europe.
both("de_tax_id", "steuerId", lambda: digits(11), de_idnr.is_valid)
section("es_dni", "dni", lambda: (lambda number: number + dni.calc_check_digit(number))(digits(8)), dni.is_valid)
section("es_dni", "", lambda: (lambda number: number + nie.calc_check_digit(number))(R.choice("XYZ") + digits(7)), nie.is_valid)
section("es_cif", "cif", lambda: R.choice("ABCDEFGHJNPQRSUVW") + digits(7) + R.choice("0123456789ABCDEFGHIJ"), cif.is_valid)
section("fr_nir", "nir", lambda: R.choice("12") + date("{yy:02}{m:02}") + f"{R.randint(1, 95):02}" + digits(8), nir.is_valid)
section("fr_nir", "", lambda: grouped(R.choice("12") + date("{yy:02}{m:02}") + f"{R.randint(1, 95):02}" + digits(8), [1, 2, 2, 2, 3, 3, 2]), nir.is_valid)


def fiscal():
    body = letters(6) + date("{yy:02}") + R.choice("ABCDEHLMPRST") + f"{R.randint(1, 28) + R.choice([0, 40]):02}" + letters(1) + digits(3)
    return body + codicefiscale.calc_check_digit(body)


section("it_fiscal_code", "", fiscal, codicefiscale.is_valid)
section("!it_fiscal_code", "", lambda: fiscal()[:-1] + letters(1), lambda value: not codicefiscale.is_valid(value), 20)
both("it_vat", "partitaIva", lambda: digits(7) + f"{R.randint(1, 99):03}" + digits(1), iva.is_valid)
both("nl_bsn", "bsn", lambda: digits(9), bsn.is_valid)
both("be_national_number", "insz", lambda: date("{yy:02}{m:02}{d:02}") + f"{R.randint(1, 997):03}" + digits(2), nn.is_valid)
section("be_national_number", "", lambda: nn.format(date("{yy:02}{m:02}{d:02}") + f"{R.randint(1, 997):03}" + digits(2)), nn.is_valid, 50)
both("pl_pesel", "pesel", lambda: date("{yy:02}{m:02}{d:02}") + digits(5), pesel.is_valid)
both("pl_nip", "nip", lambda: digits(10), nip.is_valid)
both("pl_regon", "regon", lambda: digits(9), regon.is_valid)
both("se_personal_number", "personnummer", lambda: date("{yy:02}{m:02}{d:02}-") + digits(4), personnummer.is_valid)
both("fi_hetu", "hetu", lambda: date("{d:02}{m:02}{yy:02}") + "-" + f"{R.randint(2, 899):03}" + R.choice("0123456789ABCDEFHJKLMNPRSTUVWXY"), hetu.is_valid)
section("fi_hetu", "", lambda: date("{d:02}{m:02}{yy:02}", 2000, 2020) + "A" + f"{R.randint(2, 899):03}" + R.choice("0123456789ABCDEFHJKLMNPRSTUVWXY"), hetu.is_valid, 50)
both("no_national_number", "fodselsnummer", lambda: date("{d:02}{m:02}{yy:02}", 1955, 1999) + f"{R.randint(0, 499):03}" + digits(2), fodselsnummer.is_valid)
section("dk_cpr", "cpr", lambda: date("{d:02}{m:02}{yy:02}") + "-" + digits(4), cpr.is_valid)
both("gb_nhs", "nhsNumber", lambda: digits(10), nhs.is_valid)
section("gb_nhs", "nhs", lambda: grouped(digits(10), [3, 3, 4]), nhs.is_valid, 50)
section("gb_nino", "", lambda: letters(1, "ABCEGHJKLMNOPRSTWXYZ") + letters(1, "ABCEGHJKLMNPRSTWXYZ") + digits(6) + R.choice("ABCD"),
        lambda value: value[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"))

# America.
section("br_cpf", "", lambda: cpf.format(digits(11)), cpf.is_valid)
section("br_cpf", "cpf", lambda: digits(11), cpf.is_valid)
section("br_cnpj", "", lambda: (lambda body: cnpj.format(body + cnpj.calc_check_digits(body)))(digits(8) + "0001"), cnpj.is_valid)
section("br_cnpj", "cnpj", lambda: (lambda body: body + cnpj.calc_check_digits(body))(letters(8, UPPER + string.digits) + "0001"), cnpj.is_valid, 50)
section("cl_rut", "", lambda: rut.format(digits(8) + R.choice("0123456789K")), rut.is_valid)
both("cl_rut", "rut", lambda: digits(8) + "-" + R.choice("0123456789K"), rut.is_valid)
section("ar_cuit", "", lambda: cuit.format(R.choice(["20", "23", "24", "27", "30", "33"]) + digits(9)), cuit.is_valid)
both("ar_cuit", "cuit", lambda: R.choice(["20", "23", "24", "27", "30", "33"]) + digits(9), cuit.is_valid)


def key_of_person():
    body = letters(1, "BCDFGLMPRST") + R.choice("AEIOU") + letters(2, "BCDFGHJKLMNPRSTVZ") + date("{yy:02}{m:02}{d:02}", 1940, 1999) + R.choice("HM") \
        + R.choice(["AS", "BC", "DF", "JC", "NL", "OC", "PL", "YN"]) + letters(3, "BCDFGHJKLMNPRSTVZ") + "0"
    return body + curp.calc_check_digit(body)


section("mx_curp", "", key_of_person, curp.is_valid)
section("mx_rfc", "rfc", lambda: letters(4, "BCDFGLMPRST") + date("{yy:02}{m:02}{d:02}") + letters(3, "ABCDEFGH123"), rfc.is_valid, 50)
section("us_ssn", "", lambda: grouped(digits(9), [3, 2, 4], "-"), ssn.is_valid)
section("us_ssn", "ssn", lambda: digits(9), ssn.is_valid)
section("us_itin", "", lambda: grouped("9" + digits(8), [3, 2, 4], "-"), itin.is_valid)
section("us_ein", "ein", lambda: grouped(digits(9), [2, 7], "-"), ein.is_valid, 50)
both("us_bank_routing", "routingNumber", lambda: f"{R.choice([*range(1, 13), *range(21, 33)]):02}" + digits(7), rtn.is_valid)
both("ca_sin", "sin", lambda: digits(9), sin.is_valid)

# Asia, Africa, Oceania.
both("in_aadhaar", "aadhaar", lambda: R.choice("23456789") + digits(11), aadhaar.is_valid)
section("in_aadhaar", "aadhaar", lambda: aadhaar.format(R.choice("23456789") + digits(11)), aadhaar.is_valid, 50)
section("in_pan", "pan", lambda: letters(3) + R.choice("ABCFGHLJPT") + letters(1) + digits(4) + letters(1), pan.is_valid)
section("in_pan", "", lambda: letters(3) + "P" + letters(1) + digits(4) + letters(1), pan.is_valid)
section("in_gstin", "", lambda: f"{R.randint(1, 37):02}" + letters(3) + R.choice("CPHFATBLJG") + letters(1) + digits(4) + letters(1) + R.choice("123456789") + "Z"
        + R.choice(UPPER + string.digits), gstin.is_valid)
section("kr_rrn", "rrn", lambda: date("{yy:02}{m:02}{d:02}", 1940, 1999) + "-" + R.choice("12") + f"{R.randint(0, 90):02}" + digits(4), rrn.is_valid)
both("jp_my_number", "myNumber", lambda: digits(12), jp_in.is_valid)
section("my_nric", "mykad", lambda: date("{yy:02}{m:02}{d:02}") + f"-{R.randint(1, 16):02}-" + digits(4), nric.is_valid)
both("th_national_id", "thaiId", lambda: R.choice("12345678") + digits(12), pin.is_valid)
section("th_national_id", "", lambda: pin.format(R.choice("12345678") + digits(12)), pin.is_valid, 50)
section("id_nik", "nik", lambda: R.choice(["317101", "327301", "357801", "510301", "127101"]) + date("{d:02}{m:02}{yy:02}") + digits(4), nik.is_valid, 50)
both("tr_identity_number", "tckn", lambda: digits(11), tckimlik.is_valid)
both("za_id", "zaId", lambda: date("{yy:02}{m:02}{d:02}") + digits(4) + R.choice("01") + "8" + digits(1), za_idnr.is_valid)
both("il_id", "teudatZehut", lambda: digits(9), il_idnr.is_valid)
both("au_tfn", "tfn", lambda: digits(9), tfn.is_valid)
both("au_abn", "abn", lambda: digits(11), abn.is_valid)
both("nz_ird", "ird", lambda: str(R.randint(10_000_000, 149_999_999)), ird.is_valid)

# Devices and coins.
both("imei", "imei", lambda: digits(15), imei.is_valid)
section("meid", "meid", lambda: R.choice("ABCDEF") + letters(13, "0123456789ABCDEF"), meid.is_valid, 50)


def coin():
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    import hashlib
    payload = bytes([R.choice([0, 5])]) + R.randbytes(20)
    number = int.from_bytes(payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4], "big")
    text = ""
    while number:
        number, rest = divmod(number, 58)
        text = alphabet[rest] + text
    return ("1" if payload[0] == 0 else "") + text


section("bitcoin_address", "", coin, bitcoin.is_valid)

# Telephones: each region's example numbers, and others that differ in their last digits and are valid.
INTERNATIONAL, NATIONAL = "phone | cn_mobile | cn_landline | us_phone", "phone | cn_mobile | cn_landline | us_phone"
FORMATS = phonenumbers.PhoneNumberFormat


def telephone(kinds=(phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)):
    while True:
        region = R.choice(sorted(phonenumbers.SUPPORTED_REGIONS))
        example = phonenumbers.example_number_for_type(region, R.choice(kinds))
        if example is None:
            continue
        national = str(example.national_number)
        example.national_number = int(national[:-4] + digits(4)) if len(national) > 6 else example.national_number
        if phonenumbers.is_valid_number(example):
            return example


section(INTERNATIONAL, "", lambda: phonenumbers.format_number(telephone(), FORMATS.E164), count=400)
section(INTERNATIONAL, "", lambda: phonenumbers.format_number(telephone(), FORMATS.INTERNATIONAL), count=400)
section(NATIONAL, "phone", lambda: phonenumbers.format_number(telephone(), FORMATS.NATIONAL), lambda value: sum(c.isdigit() for c in value) >= 7, count=400)


def chinese():
    number = phonenumbers.PhoneNumber(country_code=86, national_number=int("1" + R.choice("3456789") + digits(9)))
    return number if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE and phonenumbers.is_valid_number(number) else chinese()


section("cn_mobile", "", lambda: phonenumbers.format_number(chinese(), FORMATS.INTERNATIONAL), count=150)
section("cn_mobile", "mobile", lambda: str(chinese().national_number), count=150)


def american():
    number = phonenumbers.PhoneNumber(country_code=1, national_number=int(R.choice("23456789") + digits(9)))
    return number if phonenumbers.is_valid_number(number) else american()


section("us_phone", "phone", lambda: str(american().national_number), count=100)
section("us_phone", "", lambda: phonenumbers.format_number(american(), FORMATS.NATIONAL), count=100)
