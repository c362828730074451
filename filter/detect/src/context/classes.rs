//! The classes of context words: general ones, and one for the words of each country.

use super::Context;

/// Declares the classes in order.
macro_rules! classes {
    ($($number:literal $name:ident $about:literal;)*) => {
        $(#[doc = $about] pub const $name: Context = Context::class($number);)*
        /// The name of each class, for the reference page.
        #[cfg(test)]
        pub const NAMES: &[(&str, Context)] = &[$((stringify!($name), $name)),*];
    };
}

classes! {
    0 PHONE "Telephones.";
    1 CARD "Payment cards.";
    2 BANK "Bank accounts.";
    3 NATIONAL "Identity numbers and documents, of no country in particular.";
    4 TAX "Tax numbers, of no country in particular.";
    5 PASSPORT "Passports.";
    6 SOCIAL "Social security, of no country in particular.";
    7 HEALTH "Patients and health insurance, of no country in particular.";
    8 DEVICE "Telephones and other devices as things.";
    9 VEHICLE "Vehicles.";
    10 PLATE "Number plates.";
    11 NAME "Names of people.";
    12 ADDRESS "Postal addresses.";
    13 BIRTH "Dates of birth.";
    14 PLACE "Positions on the globe.";
    15 SECRET "Passwords, keys, tokens.";
    16 LICENCE "Driving licences.";
    17 COMPANY "Companies and their registration.";
    18 PERMIT "Travel permits between mainland China, Hong Kong, Macao and Taiwan.";
    19 OFFICER "Officers' identity cards.";
    20 VERSION "Versions of software, which look like addresses.";
    21 CODE "Card verification codes.";
    22 COIN "Crypto currencies.";
    23 CN "China.";
    24 HK "Hong Kong.";
    25 MO "Macao.";
    26 TW "Taiwan.";
    27 US "The United States.";
    28 IN "India.";
    29 GB "The United Kingdom.";
    30 DE "Germany.";
    31 ES "Spain.";
    32 IT "Italy.";
    33 FR "France.";
    34 NL "The Netherlands.";
    35 PL "Poland.";
    36 SE "Sweden.";
    37 BR "Brazil.";
    38 KR "South Korea.";
    39 JP "Japan.";
    40 SG "Singapore.";
    41 MY "Malaysia.";
    42 TH "Thailand.";
    43 ID "Indonesia.";
    44 TR "Turkey.";
    45 FI "Finland.";
    46 BE "Belgium.";
    47 NO "Norway.";
    48 DK "Denmark.";
    49 AU "Australia.";
    50 NZ "New Zealand.";
    51 CA "Canada.";
    52 ZA "South Africa.";
    53 IL "Israel.";
    54 CL "Chile.";
    55 AR "Argentina.";
    56 MX "Mexico.";
    57 DOCTOR "Prescribers and providers of health care.";
    58 TRAIT "Ethnicity, religion, health, orientation.";
    60 NAMED "Names of anything: of a person, where the field or the one around it is about a person.";
    61 PERSON "People.";
    62 MACHINE "Addresses of machines and mailboxes.";
    63 URL "URLs and hosts, by the end of the field's name; only where these are asked for.";
    59 ITIN "The United States' taxpayer numbers.";
}
