//! The words. Only their hashes are in the module: the compiler makes the table.

use super::classes::*;
use super::{Context, hash_of, hashed};

/// Each class's entries: whole words in a row, put together. Accents are left as people write field names, with and without.
const WORDS: &[(Context, &str)] = &[
    (
        PHONE,
        "phone phones phoneno phonenum phonenumber telephone telephoneno telephonenumber tel telno telnumber mobile \
         mobileno mobilenum mobilenumber mobilephone cell cellno cellnumber cellphone landline fax faxno faxnumber homephone \
         workphone officephone contactno contactnumber contactphone msisdn whatsapp userphone userphoneno usermobile usertel \
         call dial sms telefon telefonnummer rufnummer handy handynummer mobil mobilnummer mobiltelefon festnetz telefono \
         téléphone portable numerotelephone telefonico teléfono celular movil móvil cellulare recapito telefone telemovel \
         telemóvel telefoon telefoonnummer mobiel puhelin puhelinnumero телефон мобильный моб τηλέφωνο telefonszam numertelefonu \
         komorka telepon nomorhp nohp hp dienthoai sodienthoai sdt 手机 手机号 电话 電話 手機 联系方式 联系电话 聯絡電話 座机 \
         传真 携帯 携帯電話 전화 전화번호 휴대폰 휴대전화 연락처 shouji shoujihao shoujihaoma dianhua dianhuahaoma lianxidianhua lianxifangshi \
         yidongdianhua zuoji هاتف جوال טלפון โทรศัพท์",
    ),
    (
        CARD,
        "card cards cardno cardnum cardnumber creditcard creditcardno creditcardnumber debitcard debitcardnumber paymentcard bankcard \
         bankcardno bankcardnumber cc ccno ccnum ccnumber pan primaryaccountnumber accountpan visa mastercard amex unionpay discover jcb \
         kreditkarte kreditkartennummer karte kartennummer kartennr tarjeta numerotarjeta tarjetacredito tarjetadecredito carte cartebancaire \
         cartebleue numerocarte carta cartadicredito numerocarta cartao cartão cartaocredito cartaodecredito creditcardnummer kaartnummer \
         kortnummer kreditkort kartanumer numerkarty kartno kartnumarasi карта номеркарты 卡号 卡號 银行卡 银行卡号 信用卡 信用卡号 储蓄卡 借记卡 \
         信用卡號 カード番号 クレジットカード 카드번호 신용카드 kahao yinhangka yinhangkahao xinyongka xinyongkahao",
    ),
    (
        BANK,
        "bank account accountno accountnum accountnumber bankaccount bankaccountno bankaccountnumber iban bic swift swiftcode swiftbic aba \
         routing routingno routingnumber routingtransit rtn beneficiary beneficiaryaccount payee creditoraccount debtoraccount sortcode konto kontonummer \
         kontonr bankverbindung cuenta cuentabancaria numerocuenta compte comptebancaire rib conto contocorrente conta contabancaria \
         rekening rekeningnummer rachunek numerrachunku 账号 账户 银行账号 银行账户 开户行 帳號 口座番号 계좌번호 zhanghao yinhangzhanghao",
    ),
    (
        NATIONAL,
        "nationalid nationalidnumber nationalidno nationalidentity nationalidentitynumber nationalnumber identity identityno \
         identitynumber identitycard identitycardno identitycardnumber identityid idcard idcardno idcardnum idcardnumber idno idnum idnumber iddoc iddocument \
         iddocumentnumber documentno documentnumber docnumber personalid personalidnumber personalidno personalnumber personalcode personid \
         citizenid citizennumber citizenserviceid residentid residentno residentnumber govid governmentid governmentidnumber kycid \
         certno certnum certnumber certificateno certificatenumber certid credentialno legalid identification identificationnumber identificationno personnumber",
    ),
    (
        TAX,
        "taxid taxidnumber taxidentification taxidentificationnumber taxno taxnumber taxpayer taxpayerid taxpayerno taxpayernumber tin tinnumber taxcode \
         fiscalcode fiscalid fiscalnumber vat vatid vatno vatnumber vatcode taxreference taxregistration taxregistrationnumber",
    ),
    (
        PASSPORT,
        "passport passports passportno passportnum passportnumber passportid reisepass reisepassnummer passnummer passnr pasaporte numeropasaporte \
         passeport numeropasseport passaporto numeropassaporto passaporte paspoort paspoortnummer paszport passi паспорт 护照 护照号 护照号码 \
         護照 旅券 旅券番号 パスポート 여권 여권번호 huzhao huzhaohao huzhaohaoma traveldocument traveldocumentnumber",
    ),
    (
        SOCIAL,
        "socialsecurity socialsecurityno socialsecuritynumber socialsecuritynum socialinsurance socialinsurancenumber socialinsuranceno nationalinsurance \
         nationalinsurancenumber nationalinsuranceno socialnumber insurancenumber insuranceno",
    ),
    (
        HEALTH,
        "patient patientid patientno patientnumber healthid healthno healthnumber healthcard healthcardnumber healthinsurance healthinsuranceid \
         healthinsurancenumber medicalid medicalno medicalnumber medicalrecord medicalrecordnumber mrn insuranceid memberid beneficiaryid",
    ),
    (
        DEVICE,
        "imei imei1 imei2 imeino imeinumber imeisv meid esn deviceid deviceno devicenumber deviceserial handset terminalid equipmentid \
         设备号 串号 机身码 shebeihao",
    ),
    (
        VEHICLE,
        "vin vinno vinnum vinnumber vincode vehicle vehicleid vehicleidentification vehicleidentificationnumber chassis chassisno chassisnumber \
         frameno framenumber fahrgestellnummer fin fahrzeug bastidor numerobastidor numerochassis telaio numerotelaio chassi 车架号 车架号码 \
         车辆识别代号 车辆识别码 車台番号 차대번호 chejiahao",
    ),
    (
        PLATE,
        "plate plateno platenum platenumber licenseplate licenceplate licenseplatenumber numberplate registrationplate carplate carplateno carno carnumber \
         vehicleplate vehicleno vehiclenumber kennzeichen autokennzeichen matricula matrícula immatriculation targa placa kenteken 车牌 车牌号 车牌号码 \
         號牌 车号 ナンバープレート 차량번호 chepai chepaihao",
    ),
    (
        NAME,
        "fullname firstname lastname givenname givennames familyname surname forename middlename maidenname realname legalname personname customername \
         clientname contactname employeename patientname membername buyername receivername recipientname consigneename cardholder cardholdername holdername accountholder accountholdername \
         beneficiaryname payeename passengername guestname ownername studentname doctorname truename vorname nachname familienname nombrecompleto apellido apellidos \
         prenom prénom nomcomplet nomdefamille cognome nomecognome nomecompleto sobrenome voornaam achternaam imie imię nazwisko fornamn \
         efternamn fornavn etternavn efternavn etunimi sukunimi имя фамилия фио отчество 姓名 真实姓名 客户姓名 联系人 收件人 收货人 持卡人 氏名 \
         お名前 成名 이름 성명 성함 xingming zhenshixingming lianxiren shoujianren shouhuoren kehuhoten hovaten namalengkap",
    ),
    (NAMED, "name nombre nom nome naam nama navn nimi imiona 名字 mingzi ten الاسم שם"),
    (
        PERSON,
        "person people customer client user member patient employee staff worker student teacher contact owner buyer seller shopper passenger guest tenant applicant borrower payer payee beneficiary \
         recipient receiver consignee cardholder holder citizen resident doctor parent father mother spouse child insured policyholder subscriber candidate author kunde mitarbeiter cliente empleado \
         persona salarie dipendente paciente 客户 用户 员工 患者 收件 联系 kehu yonghu yuangong",
    ),
    (
        ADDRESS,
        "address addresses addr address1 addressline addressline1 addressline2 streetaddress street streetname street1 street2 homeaddress workaddress postaladdress mailingaddress \
         billingaddress shippingaddress deliveryaddress residence residentialaddress fulladdress detailaddress addressdetail registeredaddress useraddress receiveraddress consigneeaddress \
         adresse anschrift strasse straße hausnummer wohnort direccion dirección domicilio calle rue adressepostale indirizzo via residenza endereco endereço \
         logradouro rua adres straat woonadres ulica adreszamieszkania adress gatuadress osoite адрес улица 地址 住址 详细地址 家庭住址 家庭地址 通讯地址 收货地址 联系地址 户籍地址 住所 \
         주소 dizhi zhuzhi xiangxidizhi jiatingzhuzhi jiatingdizhi shouhuodizhi alamat diachi عنوان כתובת",
    ),
    (
        MACHINE,
        "email mail emailaddress mailaddress ip ipaddr ipaddress ipv4 ipv6 mac macaddr macaddress web webaddress url uri host server memory contract 邮箱 邮箱地址 网址",
    ),
    (
        BIRTH,
        "birth birthday birthdate birthdt born dob dateofbirth birthofdate userbirthday geburtstag geburtsdatum geboren geburt fechanacimiento \
         fechadenacimiento nacimiento datenaissance datedenaissance naissance datanascita datadinascita nascita datanascimento datadenascimento nascimento \
         geboortedatum geboorte dataurodzenia urodzenia fodelsedatum födelsedatum fodselsdato fødselsdato syntymaaika syntymäaika датарождения рождения \
         生日 出生 出生日期 出生年月 生年月日 誕生日 생년월일 생일 shengri chusheng chushengriqi chushengnianyue tanggallahir ngaysinh dogumtarihi",
    ),
    (
        PLACE,
        "lat lng lon long latitude longitude latlng latlon latlong lnglat coordinate coordinates coords coord geo gps geolocation geopoint geopos gpslocation gpsposition location position \
         breitengrad laengengrad längengrad latitud longitud 经度 纬度 经纬度 坐标 位置 定位 緯度 経度 위도 경도 jingdu weidu jingweidu zuobiao",
    ),
    (
        SECRET,
        "password passwd passwort pwd pass passphrase userpassword newpassword oldpassword loginpassword dbpassword secret secretkey secretid clientsecret appsecret sharedsecret consumersecret \
         apikey apitoken apisecret appkey accesskey accesskeyid accesskeysecret secretaccesskey accesstoken refreshtoken authtoken bearertoken idtoken sessiontoken privatekey privkey \
         encryptionkey signingkey signingsecret webhooksecret masterkey credential credentials mfasecret totpsecret otpsecret recoverycode contrasena contraseña \
         motdepasse senha wachtwoord haslo hasło losenord lösenord salasana пароль 密码 口令 密钥 私钥 登录密码 パスワード 暗証番号 비밀번호 mima denglumima miyao",
    ),
    (
        LICENCE,
        "driverlicense driverlicence driverslicense driverslicence driverlicenseno driverlicensenumber driverslicensenumber drivinglicense drivinglicence \
         drivinglicenceno drivinglicensenumber drivinglicencenumber licensenumber dlnumber dlno fuehrerschein führerschein fuehrerscheinnummer permisdeconduire \
         permisconduire patente licenciadeconducir carnetdeconducir cnh rijbewijs rijbewijsnummer prawojazdy korkort körkort 驾驶证 驾照 驾驶证号 免許証番号 運転免許 운전면허 jiashizheng jiazhao",
    ),
    (
        COMPANY,
        "uscc usci usccode creditcode socialcreditcode unifiedcreditcode unifiedsocialcreditcode unifiedsocialcreditidentifier companycode companyid companyno companynumber \
         companyregistration companyregistrationnumber orgcode organizationcode organisationcode organizationid orgno orgnumber registrationno registrationnumber businesslicense businesslicence \
         businesslicenseno businesslicensenumber licenseno businessregistration businessregistrationnumber 统一社会信用代码 社会信用代码 信用代码 组织机构代码 机构代码 营业执照 \
         营业执照号 注册号 纳税人识别号 税号 tongyishehuixinyongdaima xinyongdaima zuzhijigoudaima yingyezhizhao nashuirenshibiehao shuihao",
    ),
    (
        PERMIT,
        "permit permitno permitnumber travelpermit hkmpermit homereturnpermit hometravelpermit mtp eep taiwanpermit 通行证 港澳通行证 往来港澳通行证 回乡证 台胞证 大陆通行证 来往内地通行证 \
         台湾通行证 通行證 回鄉證 台胞證 tongxingzheng gangaotongxingzheng huixiangzheng taibaozheng",
    ),
    (
        OFFICER,
        "officerid officerno officercard militaryid militaryidnumber 军官证 军官证号 士兵证 警官证 军人证件 junguanzheng shibingzheng",
    ),
    (
        VERSION,
        "version versions ver vers appversion clientversion softwareversion firmware firmwareversion build buildnumber buildversion release releaseversion sdkversion osversion \
         driverversion fileversion productversion assemblyversion apiversion revision oid 版本 版本号 バージョン 버전 banben banbenhao",
    ),
    (
        CODE,
        "cvv cvv2 cvc cvc2 cvn cid csc cardcode cardverification cardverificationcode cardverificationvalue cardsecuritycode securitycode kartenpruefnummer pruefziffer \
         codigoseguridad codigodeseguridad cryptogramme 安全码 セキュリティコード anquanma",
    ),
    (
        COIN,
        "bitcoin btc bitcoinaddress btcaddress wallet walletaddress crypto cryptoaddress ethereum eth ethaddress ethereumaddress 钱包 钱包地址 比特币 以太坊 qianbao",
    ),
    (
        CN,
        "身份证 身份证号 身份证号码 身分证 公民身份号码 证件号 证件号码 居民身份证 sfz sfzh sfzhm shenfenzheng shenfenzhenghao shenfenzhenghaoma zhengjianhao zhengjianhaoma idcardcn chinaid residentidcard",
    ),
    (HK, "hkid hkidno hkidnumber hkidcard hongkongid hongkongidentitycard 香港身份证 香港身份證 香港身份证号"),
    (MO, "moid macauid macaoid bir macauidentitycard macaoidentitycard 澳门身份证 澳門身份證 bilheteidentidade"),
    (TW, "twid taiwanid taiwanidno rocid 身分證 身分證字號 身份證字號 台湾身份证 統一編號 居留證"),
    (
        US,
        "ssn ssnno ssnnumber ssnum socialsec ussn ein fein employeridentification employeridentificationnumber employerid federaltaxid ssnlast",
    ),
    (ITIN, "itin itinnumber individualtaxpayer"),
    (
        IN,
        "aadhaar aadhar adhaar aadhaarno aadhaarnumber aadharno aadharnumber aadhaarcard uid uidai uidnumber pan panno pannum pannumber pancard pancardno permanentaccountnumber gstin gstno gstnumber gst आधार",
    ),
    (
        GB,
        "nhs nhsno nhsnum nhsnumber nino nin ninumber nationalinsurance nationalinsurancenumber nationalinsuranceno utr utrnumber uniquetaxpayerreference chinumber",
    ),
    (
        DE,
        "steuerid steueridnr steueridentifikationsnummer steueridentnummer identifikationsnummer idnr steuernummer steuernr rentenversicherungsnummer rvnr rvnummer versicherungsnummer sozialversicherungsnummer \
         svnr svnummer krankenversichertennummer kvnr krankenkasse krankenversicherung versichertennummer personalausweis personalausweisnummer ausweisnummer ausweis ausweisnr",
    ),
    (
        ES,
        "dni nif nie cif dninumero numerodni documentoidentidad documentonacionaldeidentidad numeroidentificacionfiscal nuss seguridadsocial numeroseguridadsocial",
    ),
    (IT, "codicefiscale codfiscale codfisc cf partitaiva piva iva tesserasanitaria cartaidentita"),
    (
        FR,
        "nir insee numeroinsee securitesociale sécuritésociale numerosecuritesociale numerosecu numsecu numss carteidentite cni siren siret vitale",
    ),
    (NL, "bsn bsnnummer burgerservicenummer sofinummer sofi"),
    (PL, "pesel numerpesel nip numernip regon numerregon dowod dowód dowodosobisty"),
    (SE, "personnummer personnr pnr samordningsnummer organisationsnummer orgnr"),
    (BR, "cpf cpfcnpj cnpj numerocpf numerocnpj cadastropessoafisica documento rg pis pasep nis"),
    (
        KR,
        "rrn jumin juminno juminnumber juminbeonho residentregistration residentregistrationnumber residentregistrationno 주민등록번호 주민번호 외국인등록번호",
    ),
    (JP, "mynumber mynum mynumbercard individualnumber kojinbango 個人番号 マイナンバー"),
    (SG, "nric nricno nricnumber fin finno finnumber nricfin uen"),
    (MY, "mykad mykadno ic icno icnum icnumber nokp kadpengenalan nricmy mynric"),
    (TH, "thaiid thaiidno thainationalid เลขประจำตัวประชาชน บัตรประชาชน"),
    (ID, "nik nonik nomornik ktp noktp nomorktp ektp"),
    (TR, "tckn tcno tckimlik tckimlikno tckimliknumarasi kimlikno kimlik"),
    (FI, "hetu henkilotunnus henkilötunnus sotu"),
    (BE, "rijksregisternummer rijksregister insz niss nrn registrenational numeronational"),
    (NO, "fodselsnummer fødselsnummer fnr dnummer personnummerno"),
    (DK, "cpr cprnr cprnummer cprnumber"),
    (
        AU,
        "tfn tfnnumber taxfile taxfilenumber abn abnnumber acn australianbusinessnumber medicare medicareno medicarenumber medicarecard",
    ),
    (NZ, "ird irdno irdnumber inlandrevenue"),
    (CA, "sin sinno sinnumber"),
    (ZA, "saidno said saidnumber rsaid southafricanid zaid"),
    (IL, "teudatzehut teudat tz tzno תעודתזהות ת.ז"),
    (CL, "rut run rutnumero numerorut rutcliente"),
    (AR, "cuit cuil cuitcuil numerocuit"),
    (MX, "curp rfc clavecurp"),
    (
        DOCTOR,
        "npi npino npinumber provider providerid prescriber dea deano deanumber mbi mbinumber medicarebeneficiary medicarebeneficiaryidentifier hicn",
    ),
    (
        TRAIT,
        "ethnicity ethnic ethnicgroup racialorigin religion religious faith politicalparty politicalviews sexualorientation orientation disability diagnosis bloodtype bloodgroup maritalstatus minzu zongjiao xinyang hunyin \
         民族 宗教 宗教信仰 婚姻状况 血型 政治面貌 疾病 诊断",
    ),
];

const COUNT: usize = count();

/// The hashes of all entries, in order.
pub static HASHES: [u32; COUNT] = SORTED.0;
/// The class of each.
pub static CLASSES: [u8; COUNT] = SORTED.1;

/// One bit for some bits of each hash: most words of a text are told by it to be no entry.
static FILTER: [u64; FILTER_WORDS] = filter();
const FILTER_WORDS: usize = 256;
/// How far a hash is shifted to leave the number of its bit.
const FILTER_SHIFT: u32 = 18;

/// Whether there may be an entry with this hash.
pub fn may_be_known(hash: u32) -> bool {
    let bit = hash >> FILTER_SHIFT;
    usize::try_from(bit / 64).is_ok_and(|word| FILTER.get(word).is_some_and(|word| word >> (bit % 64) & 1 == 1))
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
const fn filter() -> [u64; FILTER_WORDS] {
    let mut words = [0; FILTER_WORDS];
    let mut at = 0;
    while at < COUNT {
        let bit = SORTED.0[at] >> FILTER_SHIFT;
        words[(bit / 64) as usize] |= 1 << (bit % 64);
        at += 1;
    }
    words
}

/// One bit for some bits of what each entry begins with: most words of a text are told by it to begin none.
static BEGINNINGS: [u64; BEGINNING_WORDS] = beginnings();
const BEGINNING_WORDS: usize = 64;
/// Bytes of an entry that its beginning is.
const BEGINNING: usize = 3;

/// Whether an entry may begin with this word.
pub fn may_begin(word: &[u8]) -> bool {
    let Some([a, b, c]) = word.first_chunk::<BEGINNING>() else { return true };
    let bit = beginning(*a, *b, *c);
    usize::try_from(bit / 64).is_ok_and(|word| BEGINNINGS.get(word).is_some_and(|word| word >> (bit % 64) & 1 == 1))
}

/// The number of a beginning's bit.
const fn beginning(a: u8, b: u8, c: u8) -> u32 {
    let hash = hashed(hashed(hashed(0, a.to_ascii_lowercase()), b.to_ascii_lowercase()), c.to_ascii_lowercase());
    hash.wrapping_mul(0x9e37_79b1) >> 20
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
const fn beginnings() -> [u64; BEGINNING_WORDS] {
    let mut bits = [0; BEGINNING_WORDS];
    let mut words = WORDS;
    while let [(_, entries), rest @ ..] = words {
        let mut entries = entries.as_bytes();
        while !entries.is_empty() {
            let (entry, others) = cut(entries);
            if let [a, b, c, ..] = entry {
                let bit = beginning(*a, *b, *c);
                bits[(bit / 64) as usize] |= 1 << (bit % 64);
            }
            entries = others;
        }
        words = rest;
    }
    bits
}

const SORTED: ([u32; COUNT], [u8; COUNT]) = sorted();

/// The entry that a list begins with, and the rest.
const fn cut(entries: &[u8]) -> (&[u8], &[u8]) {
    let mut end = 0;
    while let Some(byte) = byte(entries, end) {
        if byte == b' ' {
            break;
        }
        end += 1;
    }
    let (entry, rest) = entries.split_at(end);
    match rest {
        [b' ', rest @ ..] => (entry, rest),
        rest => (entry, rest),
    }
}

#[expect(clippy::indexing_slicing, reason = "the index is below the length")]
const fn byte(bytes: &[u8], at: usize) -> Option<u8> {
    if at < bytes.len() { Some(bytes[at]) } else { None }
}

const fn count() -> usize {
    let mut count = 0;
    let mut words = WORDS;
    while let [(_, entries), rest @ ..] = words {
        let mut entries = entries.as_bytes();
        while !entries.is_empty() {
            entries = cut(entries).1;
            count += 1;
        }
        words = rest;
    }
    count
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
#[expect(clippy::cast_possible_truncation, reason = "a class is below 64")]
const fn sorted() -> ([u32; COUNT], [u8; COUNT]) {
    let mut hashes = [0; COUNT];
    let mut classes = [0; COUNT];
    let mut count = 0;
    let mut words = WORDS;
    while let [(class, entries), rest @ ..] = words {
        let mut entries = entries.as_bytes();
        while !entries.is_empty() {
            let (entry, others) = cut(entries);
            let hash = hash_of(entry);
            let mut at = count;
            while at > 0 && hashes[at - 1] > hash {
                hashes[at] = hashes[at - 1];
                classes[at] = classes[at - 1];
                at -= 1;
            }
            hashes[at] = hash;
            classes[at] = class.classes.trailing_zeros() as u8;
            count += 1;
            entries = others;
        }
        words = rest;
    }
    (hashes, classes)
}
