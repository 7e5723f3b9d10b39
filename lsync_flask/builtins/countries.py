"""The countries of ISO 3166-1 with their codes, and the other names that people write for them."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

_ROWS = """
AD AND Andorra; AE ARE United Arab Emirates; AF AFG Afghanistan; AG ATG Antigua and Barbuda; AI AIA Anguilla; AL
ALB Albania; AM ARM Armenia; AO AGO Angola; AQ ATA Antarctica; AR ARG Argentina; AS ASM American Samoa; AT AUT
Austria; AU AUS Australia; AW ABW Aruba; AX ALA Åland Islands; AZ AZE Azerbaijan; BA BIH Bosnia and Herzegovina;
BB BRB Barbados; BD BGD Bangladesh; BE BEL Belgium; BF BFA Burkina Faso; BG BGR Bulgaria; BH BHR Bahrain; BI BDI
Burundi; BJ BEN Benin; BL BLM Saint Barthélemy; BM BMU Bermuda; BN BRN Brunei; BO BOL Bolivia; BQ BES Bonaire,
Sint Eustatius and Saba; BR BRA Brazil; BS BHS Bahamas; BT BTN Bhutan; BV BVT Bouvet Island; BW BWA Botswana; BY
BLR Belarus; BZ BLZ Belize; CA CAN Canada; CC CCK Cocos (Keeling) Islands; CD COD Democratic Republic of the
Congo; CF CAF Central African Republic; CG COG Republic of the Congo; CH CHE Switzerland; CI CIV Côte d'Ivoire;
CK COK Cook Islands; CL CHL Chile; CM CMR Cameroon; CN CHN China; CO COL Colombia; CR CRI Costa Rica; CU CUB
Cuba; CV CPV Cabo Verde; CW CUW Curaçao; CX CXR Christmas Island; CY CYP Cyprus; CZ CZE Czechia; DE DEU Germany;
DJ DJI Djibouti; DK DNK Denmark; DM DMA Dominica; DO DOM Dominican Republic; DZ DZA Algeria; EC ECU Ecuador; EE
EST Estonia; EG EGY Egypt; EH ESH Western Sahara; ER ERI Eritrea; ES ESP Spain; ET ETH Ethiopia; FI FIN Finland;
FJ FJI Fiji; FK FLK Falkland Islands; FM FSM Micronesia; FO FRO Faroe Islands; FR FRA France; GA GAB Gabon; GB
GBR United Kingdom; GD GRD Grenada; GE GEO Georgia; GF GUF French Guiana; GG GGY Guernsey; GH GHA Ghana; GI GIB
Gibraltar; GL GRL Greenland; GM GMB Gambia; GN GIN Guinea; GP GLP Guadeloupe; GQ GNQ Equatorial Guinea; GR GRC
Greece; GS SGS South Georgia and the South Sandwich Islands; GT GTM Guatemala; GU GUM Guam; GW GNB
Guinea-Bissau; GY GUY Guyana; HK HKG Hong Kong; HM HMD Heard Island and McDonald Islands; HN HND Honduras; HR
HRV Croatia; HT HTI Haiti; HU HUN Hungary; ID IDN Indonesia; IE IRL Ireland; IL ISR Israel; IM IMN Isle of Man;
IN IND India; IO IOT British Indian Ocean Territory; IQ IRQ Iraq; IR IRN Iran; IS ISL Iceland; IT ITA Italy; JE
JEY Jersey; JM JAM Jamaica; JO JOR Jordan; JP JPN Japan; KE KEN Kenya; KG KGZ Kyrgyzstan; KH KHM Cambodia; KI
KIR Kiribati; KM COM Comoros; KN KNA Saint Kitts and Nevis; KP PRK North Korea; KR KOR South Korea; KW KWT
Kuwait; KY CYM Cayman Islands; KZ KAZ Kazakhstan; LA LAO Laos; LB LBN Lebanon; LC LCA Saint Lucia; LI LIE
Liechtenstein; LK LKA Sri Lanka; LR LBR Liberia; LS LSO Lesotho; LT LTU Lithuania; LU LUX Luxembourg; LV LVA
Latvia; LY LBY Libya; MA MAR Morocco; MC MCO Monaco; MD MDA Moldova; ME MNE Montenegro; MF MAF Saint Martin; MG
MDG Madagascar; MH MHL Marshall Islands; MK MKD North Macedonia; ML MLI Mali; MM MMR Myanmar; MN MNG Mongolia;
MO MAC Macao; MP MNP Northern Mariana Islands; MQ MTQ Martinique; MR MRT Mauritania; MS MSR Montserrat; MT MLT
Malta; MU MUS Mauritius; MV MDV Maldives; MW MWI Malawi; MX MEX Mexico; MY MYS Malaysia; MZ MOZ Mozambique; NA
NAM Namibia; NC NCL New Caledonia; NE NER Niger; NF NFK Norfolk Island; NG NGA Nigeria; NI NIC Nicaragua; NL NLD
Netherlands; NO NOR Norway; NP NPL Nepal; NR NRU Nauru; NU NIU Niue; NZ NZL New Zealand; OM OMN Oman; PA PAN
Panama; PE PER Peru; PF PYF French Polynesia; PG PNG Papua New Guinea; PH PHL Philippines; PK PAK Pakistan; PL
POL Poland; PM SPM Saint Pierre and Miquelon; PN PCN Pitcairn; PR PRI Puerto Rico; PS PSE Palestine; PT PRT
Portugal; PW PLW Palau; PY PRY Paraguay; QA QAT Qatar; RE REU Réunion; RO ROU Romania; RS SRB Serbia; RU RUS
Russia; RW RWA Rwanda; SA SAU Saudi Arabia; SB SLB Solomon Islands; SC SYC Seychelles; SD SDN Sudan; SE SWE
Sweden; SG SGP Singapore; SH SHN Saint Helena; SI SVN Slovenia; SJ SJM Svalbard and Jan Mayen; SK SVK Slovakia;
SL SLE Sierra Leone; SM SMR San Marino; SN SEN Senegal; SO SOM Somalia; SR SUR Suriname; SS SSD South Sudan; ST
STP Sao Tome and Principe; SV SLV El Salvador; SX SXM Sint Maarten; SY SYR Syria; SZ SWZ Eswatini; TC TCA Turks
and Caicos Islands; TD TCD Chad; TF ATF French Southern Territories; TG TGO Togo; TH THA Thailand; TJ TJK
Tajikistan; TK TKL Tokelau; TL TLS Timor-Leste; TM TKM Turkmenistan; TN TUN Tunisia; TO TON Tonga; TR TUR
Türkiye; TT TTO Trinidad and Tobago; TV TUV Tuvalu; TW TWN Taiwan; TZ TZA Tanzania; UA UKR Ukraine; UG UGA
Uganda; UM UMI United States Minor Outlying Islands; US USA United States; UY URY Uruguay; UZ UZB Uzbekistan; VA
VAT Vatican City; VC VCT Saint Vincent and the Grenadines; VE VEN Venezuela; VG VGB British Virgin Islands; VI
VIR U.S. Virgin Islands; VN VNM Vietnam; VU VUT Vanuatu; WF WLF Wallis and Futuna; WS WSM Samoa; YE YEM Yemen;
YT MYT Mayotte; ZA ZAF South Africa; ZM ZMB Zambia; ZW ZWE Zimbabwe
"""

# Other names by code, folded as `_fold` does: official and earlier names, and what countries call themselves and each
# other in the larger languages.
_ALSO = """
US=usa; US=us of a; US=united states of america; US=america; US=estados unidos; US=etats unis; US=vereinigte
staaten; US=vereinigte staaten von amerika; US=stati uniti; US=verenigde staten; US=eeuu; GB=uk; GB=great britain;
GB=britain; GB=england; GB=scotland; GB=wales; GB=northern ireland; GB=united kingdom of great britain and northern
ireland; GB=grossbritannien; GB=vereinigtes konigreich; GB=royaume uni; GB=reino unido; GB=regno unito; GB=verenigd
koninkrijk; DE=deutschland; DE=federal republic of germany; DE=bundesrepublik deutschland; DE=brd; DE=allemagne;
DE=alemania; DE=germania; DE=duitsland; DE=tyskland; DE=alemanha; FR=frankreich; FR=francia; FR=frankrijk;
FR=franca; FR=french republic; CH=schweiz; CH=suisse; CH=svizzera; CH=suiza; CH=zwitserland; CH=swiss confederation;
AT=osterreich; AT=oesterreich; AT=autriche; AT=oostenrijk; ES=espana; ES=spanien; ES=espagne; ES=spagna; ES=spanje;
ES=espanha; IT=italia; IT=italien; IT=italie; NL=nederland; NL=holland; NL=niederlande; NL=pays bas; NL=paises
bajos; NL=paesi bassi; BE=belgie; BE=belgique; BE=belgien; BE=belgica; BE=belgio; LU=luxemburg; LU=lussemburgo;
IE=eire; IE=republic of ireland; IE=irland; IE=irlande; IE=irlanda; PT=portogallo; SE=sverige; SE=schweden;
SE=suede; SE=suecia; SE=svezia; SE=zweden; NO=norge; NO=norwegen; NO=norvege; NO=noruega; NO=norvegia; NO=noorwegen;
DK=danmark; DK=danemark; DK=dinamarca; DK=danimarca; DK=denemarken; FI=suomi; FI=finnland; FI=finlande;
FI=finlandia; IS=island; IS=islande; PL=polska; PL=polen; PL=pologne; PL=polonia; CZ=czech republic; CZ=ceska
republika; CZ=cesko; CZ=tschechien; CZ=republique tcheque; SK=slovak republic; SK=slovensko; SK=slowakei;
SK=slovaquie; HU=magyarorszag; HU=ungarn; HU=hongrie; HU=hungria; HU=ungheria; RO=rumanien; RO=roumanie; RO=rumania;
BG=bulgarien; BG=bulgarie; GR=el; GR=hellas; GR=hellenic republic; GR=ellada; GR=griechenland; GR=grece; GR=grecia;
GR=griekenland; HR=hrvatska; HR=kroatien; HR=croatie; SI=slovenija; SI=slowenien; SI=slovenie; RS=srbija;
RS=serbien; RS=serbie; TR=turkey; TR=turkei; TR=turquie; TR=turquia; TR=turchia; TR=turkije; RU=russian federation;
RU=russland; RU=russie; RU=rusia; RU=rossiya; UA=ukraina; UA=ukrayina; LT=lietuva; LT=litauen; LV=latvija;
LV=lettland; EE=eesti; EE=estland; MK=macedonia; MK=fyrom; MD=republic of moldova; VA=holy see; VA=vatican;
JP=nippon; JP=nihon; JP=japon; JP=giappone; JP=japao; CN=prc; CN=p r china; CN=people s republic of china;
CN=mainland china; CN=chine; CN=cina; TW=republic of china; TW=taiwan province of china; TW=chinese taipei; HK=hong
kong sar; HK=hongkong; MO=macau; KR=korea; KR=korea republic of; KR=korea south; KR=sudkorea; KR=coree du sud;
KR=corea del sur; KR=rok; KP=korea north; KP=korea democratic people s republic of; KP=democratic people s republic
of korea; KP=dprk; IN=indien; IN=inde; IN=bharat; SG=singapur; VN=viet nam; LA=lao people s democratic republic;
LA=lao pdr; PH=philippinen; TH=siam; MM=burma; BN=brunei darussalam; TL=east timor; ID=indonesien; AE=uae;
AE=emirates; AE=vereinigte arabische emirate; SA=ksa; SA=kingdom of saudi arabia; IL=israele; IR=persia; IR=iran
islamic republic of; SY=syrian arab republic; PS=state of palestine; PS=palestinian territories; EG=agypten;
EG=egypte; MA=marokko; MA=maroc; MA=marruecos; ZA=sudafrika; ZA=rsa; ZA=afrique du sud; CI=ivory coast; CD=drc;
CD=dr congo; CD=congo kinshasa; CD=zaire; CD=congo the democratic republic of the; CG=congo brazzaville; CG=congo
republic; CG=congo republic of the; CV=cape verde; SZ=swaziland; TZ=united republic of tanzania; TZ=tanzania united
republic of; CA=kanada; MX=mexiko; MX=mexique; MX=messico; MX=united mexican states; BR=brasil;
BR=brasilien; BR=bresil; BR=brasile; AR=argentinien; AR=argentine; CL=chili; PE=perou; VE=bolivarian republic of
venezuela; BO=plurinational state of bolivia; AU=australien; AU=australie; NZ=neuseeland; NZ=nouvelle zelande;
NZ=aotearoa; VG=virgin islands british; VI=virgin islands us; FM=federated states of
micronesia; FK=falklands; FK=malvinas; KN=saint kitts; SM=san marino republic
"""

_WORDS = re.compile(r"[^a-z0-9]+")
_KIND = re.compile(r"^(?:[a-z]+ ){0,3}(?:republic|kingdom|states?|principality|sultanate|commonwealth|union|duchy) of ")
_NOTE = re.compile(r"\([^()]*\)")
_TURNED = re.compile(r"([^,]+),([^,]+ of)\s*")


def _rows() -> list[tuple[str, str, str]]:
    return [(row[:2], row[3:6], row[7:]) for row in (" ".join(part.split()) for part in _ROWS.split(";"))]


def _fold(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.casefold().replace("&", " and ").replace("\u0131", "i"))
    letters = "".join(letter for letter in bare if not unicodedata.combining(letter))
    words = _WORDS.sub(" ", letters.replace("u.s.", "us").replace("u.k.", "uk")).split()
    return " ".join("saint" if word == "st" else word for word in words if word != "the")


NAMES: Mapping[str, str] = {two: name for two, _three, name in _rows()}
THREE: Mapping[str, str] = {two: three for two, three, _name in _rows()}
_CODES: Mapping[str, str] = (
    {key.lower(): two for two, three, _name in _rows() for key in (two, three)}
    | {_fold(name): two for two, _three, name in _rows()}
    | {_fold(pair.split("=")[1]): pair.split("=")[0].strip() for pair in _ALSO.split(";")}
)


@lru_cache(maxsize=4096)
def find_country(text: str) -> str | None:
    """The two-letter code of a country's name or code; None when there is no such country."""
    turned = _TURNED.sub(r"\2 \1", _NOTE.sub(" ", text))
    keys = (text.strip().lower(), _fold(text), _fold(turned), _KIND.sub("", _fold(turned)))
    return next((_CODES[key] for key in keys if key in _CODES), None)
