//! The table: one file for each data type, or for a family that shares its rules.

mod benelux;
mod brazil;
mod britain;
mod cn_company;
mod cn_papers;
mod cn_resident_id;
mod coins;
mod database_url;
mod device;
mod east_asia;
mod email;
mod france;
mod germany;
mod hk_mo_tw;
mod iban;
mod india;
mod internal_url;
mod italy;
mod jwt;
mod latin_america;
mod network;
mod nordic;
mod oceania;
mod other_countries;
mod papers;
mod password_hash;
mod payment_card;
mod pem;
mod person;
mod phone;
mod poland;
mod southeast_asia;
mod spain;
mod tokens;
mod us;
mod us_health;

use crate::row::Row;

/// Every detector. Of two that match the same text, both proven, the earlier wins: those with the stronger proof come first.
pub const ROWS: &[&Row] = &[
    &payment_card::CARD,
    &payment_card::TRACK,
    &payment_card::SECURITY_CODE,
    &iban::IBAN,
    &cn_resident_id::RESIDENT_ID,
    &cn_company::USCC,
    &hk_mo_tw::HK,
    &hk_mo_tw::TW,
    &brazil::CPF,
    &brazil::CNPJ,
    &nordic::NO,
    &nordic::SE,
    &nordic::FI,
    &benelux::BE_NRN,
    &oceania::AU_ABN,
    &other_countries::TR,
    &other_countries::ZA,
    &poland::PESEL,
    &germany::TAX_ID,
    &germany::PENSION,
    &germany::HEALTH,
    &germany::CARD,
    &france::NIR,
    &spain::NUSS,
    &spain::DNI,
    &spain::CIF,
    &italy::CODE,
    &italy::VAT,
    &latin_america::MX_CURP,
    &latin_america::CL_RUT,
    &latin_america::AR_CUIT,
    &latin_america::MX_RFC,
    &southeast_asia::SG,
    &southeast_asia::TH,
    &southeast_asia::MY,
    &southeast_asia::ID,
    &india::GSTIN,
    &india::AADHAAR,
    &india::PAN,
    &east_asia::KR_RRN,
    &east_asia::JP_MY_NUMBER,
    &britain::NHS,
    &britain::NINO,
    &poland::NIP,
    &poland::REGON,
    &benelux::NL_BSN,
    &oceania::AU_TFN,
    &oceania::AU_MEDICARE,
    &oceania::NZ_IRD,
    &other_countries::CA,
    &us::ITIN,
    &us::SSN,
    &other_countries::IL,
    &us::EIN,
    &us_health::NPI,
    &us_health::MBI,
    &us_health::DEA,
    &iban::ABA,
    &iban::BIC,
    &cn_resident_id::OLD,
    &cn_company::ORGANISATION,
    &cn_company::LICENCE,
    &cn_papers::PASSPORT,
    &cn_papers::PERMIT,
    &cn_papers::OFFICER,
    &papers::PASSPORT,
    &papers::LICENCE,
    &hk_mo_tw::MO,
    &nordic::DK,
    &cn_papers::PLATE,
    &device::VIN,
    &device::IMEI,
    &device::MEID,
    &phone::CN_MOBILE,
    &phone::CN_LANDLINE,
    &phone::US,
    &phone::INTERNATIONAL,
    &email::EMAIL,
    &network::IPV4,
    &network::MAC,
    &network::IPV6,
    &jwt::JWT,
    &pem::PRIVATE_KEY,
    &pem::CERTIFICATE,
    &tokens::CLOUD,
    &tokens::GITHUB,
    &tokens::GIT,
    &tokens::SERVICE,
    &database_url::DATABASE,
    &database_url::CREDENTIALS,
    &password_hash::HASH,
    &coins::BITCOIN,
    &coins::ETHEREUM,
    &person::BIRTH,
    &person::NAME,
    &person::ADDRESS,
    &person::PLACE,
    &person::TRAIT,
    &tokens::SECRET,
    &payment_card::BARE,
    &phone::CN_MOBILE_BARE,
    &internal_url::INTERNAL_URL,
];

/// A field's name, its value, and the data type that is found in it, if any.
#[cfg(test)]
pub type Cases = &'static [(&'static str, &'static str, &'static str)];

/// The cases of every file.
#[cfg(test)]
pub const CASES: &[Cases] = &[
    benelux::CASES,
    brazil::CASES,
    britain::CASES,
    cn_company::CASES,
    cn_papers::CASES,
    cn_resident_id::CASES,
    coins::CASES,
    database_url::CASES,
    device::CASES,
    east_asia::CASES,
    email::CASES,
    france::CASES,
    germany::CASES,
    hk_mo_tw::CASES,
    iban::CASES,
    india::CASES,
    italy::CASES,
    jwt::CASES,
    latin_america::CASES,
    network::CASES,
    nordic::CASES,
    oceania::CASES,
    other_countries::CASES,
    papers::CASES,
    password_hash::CASES,
    payment_card::CASES,
    pem::CASES,
    person::CASES,
    phone::CASES,
    poland::CASES,
    southeast_asia::CASES,
    spain::CASES,
    tokens::CASES,
    us::CASES,
    us_health::CASES,
];
