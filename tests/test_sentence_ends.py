"""Where sentences end in the thirty most written languages of the web, and some more: what must stay whole does.

A bar parts the sentences of a text, which are joined by a space, in Chinese, Japanese and Thai by nothing.
"""

import pytest

from askcorpus.text.sentences import split_sentences

TEXTS = {
    "en": """
        Mr. Smith of the U.S. said no.|He left.
        Gen. Lee met Sgt. Pepper, Lt. Col. Ray and Rev. Moore at St. Mary's Church.|Nobody spoke.
        It costs $3.5 million, i.e. 3.2 per cent more, e.g. for rent.|That is all.
        The U.S. Army left on Sept. 4, 2022.|It came back in Dec. 2023.
        “Why? Tell me,” he asked.|“He won.”|(It was so.)|Then came Monday.
        He stopped at 9 a.m. and left at 5 p.m. on Monday.|She stayed.
        J. K. Rowling and George R. R. Martin wrote it.|It sold well.
        Apple Inc. and Acme Corp. sued Foo Ltd. in Washington, D.C. on Friday.|They lost.
        Well... maybe not.|Wait… what?
        See Fig. 3 and pp. 4–5 of vol. 2, no. 7.|It is there.
        The score was 3.2.|Five left.
        Recommendation 2. The Ministry should end it.|Article 12. Appeals are heard.|They were 12.|Then they left.
        - 2024-03-15: Recommendation 2. The Ministry should end it.|They spoke of Recommendation 2.|Then they left.
        Visit example.com or www.askus.co.uk.|Then write to a.b@example.org.
        He lives on Baker St. near Elm Ave. in town.|Do you?!|Yes!
        "It is over."|The mayor left.
        The match ended 2-1 vs. Leeds.|Jr. teams play next, Prof. Dr. Ames said.
        """,
    "es": """
        El Sr. Pérez y la Sra. Gómez viven en la Av. Bolívar.|Son dos.
        El Dr. Núñez nació el 3 de oct. de 1950.|Murió ayer.
        ¿Qué hora es?|¡Son las tres!|Vámonos.
        Los EE. UU. y la U.E. firmaron el art. 5 del tratado, pág. 12.|Nadie más.
        Subió un 3.5 % en el s. XX, aprox. 3.000 personas.|Luego bajó.
        «No iré», dijo D. Juan.|«Nunca.»
        Compró pan, leche, etc. y se fue.|Volvió a las 5 p. m. con Ud. y con Uds.
        J. L. Borges y Ma. Kodama se casaron.|Fue en abril.
        """,
    "de": """
        Am 3. Oktober kam z. B. Dr. Müller.|Dann ging er.
        Der Prozess beginnt am Montag, den 5. Mai, um 9 Uhr.|Er dauert lange.
        Der 1. FC Köln spielt in der 3. Liga.|Das war klar.
        Bis zum 31. Dezember, so der Bürgermeister, bleibt es dabei.|Danach nicht.
        Prof. Dr. h. c. Ernst Meier lehrt an der Univ. Köln, Abt. Physik.|Er ist alt.
        Das gilt u. a. für Obst, d. h. Äpfel, bzw. Birnen usw. und ggf. Nüsse.|Gemüse nicht.
        Kaiser Wilhelm II. floh.|Papst Johannes XXIII. starb 1963.
        Ca. 3,5 Mio. Euro kostet die Nr. 7 in der Hauptstr. 12.|Das ist viel.
        „Ich komme.“|„Wann?“|Er schwieg.
        Laut § 5 Abs. 2 S. 1 BGB ist das so.|Punkt.
        Im 19. Jahrhundert, v. a. nach 1871, wuchs die Stadt.|Sie wächst noch.
        Er wurde 2.|Sie wurde 3.
        Er kam am 12. um 8 Uhr.|Am 14.10.2022 ging er.
        Es war 1990.|Die Mauer war offen.
        """,
    "fr": """
        M. Dupont voit le Dr. Martin.|Il part le 3 sept. 2022.
        C’était en 52 av. J.-C. environ.|J.-P. Martin l’a dit.
        « Non ! Jamais », a-t-il dit.|« Oui. »
        Mme. Curie et Mlle. Dubois, etc. sont venues.|Elles sont parties.
        Le prix est de 3,5 M. d’euros, cf. p. 12, art. 4, al. 2.|C’est cher.
        Où est-il ?|Ici !|Ah… bon.
        Il est né à St. Malo, bd. Hugo, n. 5.|Il y vit.
        L’O.N.U. et les É.-U. ont signé.|Ensuite, rien.
        """,
    "pt": """
        O Sr. Silva e a Sra. Costa moram na Av. Paulista, n. 5.|São dois.
        O Dr. Lima e a Profa. Reis vêm em 3 de set. de 2022.|Virão mesmo?
        «Não», disse ele.|«Nunca mais!»
        Custa R$ 3.500,00, i.e. mais 3,5 %, etc. e tal.|É caro.
        V. Exa. leu o art. 5º e a pág. 12?|Sim.
        D. Pedro II reinou até 1889.|Depois veio a República.
        """,
    "it": """
        Il Sig. Rossi e la Sig.ra Bianchi vivono in P.za Dante.|Sono due.
        Il Dott. Neri, l’Avv. Verdi e l’Ing. Gallo arrivano il 3 sett. 2022.|Poi partono.
        «Non vengo», disse S. Francesco.|«Perché?»
        Costa 3,5 mln. di euro, ecc. come da art. 5, pag. 12.|È caro.
        Nel sec. XX, ca. 3.000 persone emigrarono.|Tornarono in pochi.
        """,
    "nl": """
        Dhr. Jansen en mevr. de Vries wonen in de Dorpsstr. 5.|Zij zijn oud.
        Prof. dr. ir. Bakker komt o.a. met mr. Smit, d.w.z. samen.|Dat is zo.
        Hij kwam op 3 okt. 2022 om ca. 5 uur, bijv. met de trein.|Daarna ging hij.
        “Ik kom,” zei hij.|“Wanneer?”
        Het kost 3,5 mln. euro, zie art. 5, blz. 12.|Dat is veel.
        """,
    "pl": """
        Prof. dr hab. Jan Kowalski mieszka przy ul. Długiej 5 w m. st. Warszawie.|Jest stary.
        W XIX w. i w 1918 r. było inaczej, np. w Krakowie, tzn. na południu.|Teraz nie.
        Wojna trwała do 1945 r. na całym świecie.|Potem był pokój.
        „Nie przyjdę”, powiedział ks. Nowak.|„Dlaczego?”
        Kosztuje ok. 3,5 mln. zł, tj. więcej niż nr 7 z ul. Nowej itd. itp. i tak dalej.|To dużo.
        Dnia 3. maja świętujemy.|Zob. str. 12, art. 5, pkt. 3.
        """,
    "ru": """
        В 2022 г. и в XIX в. было иначе, т. е. хуже.|Теперь лучше.
        А. С. Пушкин жил на ул. Мойка, д. 12, кв. 5 в г. Петербурге.|Он умер в 1837 г. на дуэли.
        Проф. И. И. Иванов и акад. Петров пришли и т. д.|Они ушли.
        Это стоит 3,5 млн. руб. и 5 тыс. долл. США.|Дорого.
        «Не приду», — сказал он.|«Почему?»
        См. рис. 3 и стр. 12, т. 2, гл. 5.|Там всё есть.
        Завод в пос. Мирный, напр. так.|Вот.
        """,
    "uk": """
        У 2022 р. та в XIX ст. було інакше, тобто гірше.|Тепер краще.
        Т. Г. Шевченко жив на вул. Садовій, буд. 12 у м. Києві.|Він помер у 1861 р. в Петербурзі.
        Проф. Іваненко та акад. Петренко прийшли і т. д.|Вони пішли.
        Це коштує 3,5 млн. грн. за рік.|Дорого.
        «Не прийду», — сказав він.|«Чому?»
        """,
    "bg": """
        През 2022 г. и през XIX в. беше друго.|Сега е по-добре.
        Проф. д-р И. Вазов живя на ул. Раковски 5 в гр. София.|Почина през 1921 г. в София.
        „Няма да дойда“, каза той.|„Защо?“
        Струва 3,5 млн. лв. и 5 хил. евро и т. н.|Скъпо е.
        """,
    "sr": """
        Дана 5. маја 2022. године дошао је проф. др Петровић.|Отишао је 6. маја.
        У ул. Кнеза Милоша бр. 5 живи г. Јовановић.|Стар је.
        „Не долазим“, рекао је.|„Зашто?“
        """,
    "cs": """
        Dne 3. října 2022 přišel prof. MUDr. Novák, CSc. z Brna.|Pak odešel.
        V 19. století žil na nám. Míru č. p. 5, tj. v Praze.|Zemřel r. 1901.
        „Nepřijdu,“ řekl Ing. Dvořák.|„Proč?“
        Stojí to 3,5 mil. Kč, tzn. cca 5 tis. eur, např. pro obec.|To je moc.
        Ve 3. lize hraje Brno.|Vyhrává.
        Karel IV. založil univerzitu.|Bylo to v roce 1348.
        """,
    "sk": """
        Dňa 3. októbra 2022 prišiel prof. Ing. Novák, CSc. z Nitry.|Potom odišiel.
        V 19. storočí žil na nám. Mieru č. 5, t. j. v Bratislave.|Zomrel r. 1901.
        „Neprídem,“ povedal Dr. Kováč.|„Prečo?“
        Stojí to 3,5 mil. eur, napr. pre obec.|To je veľa.
        """,
    "sl": """
        Dne 3. oktobra 2022 je prišel prof. dr. Novak.|Potem je odšel.
        V 19. stoletju je živel na Trgu št. 5, tj. v Ljubljani.|Umrl je l. 1901.
        Stane 3,5 mio. evrov, npr. za občino.|To je veliko.
        """,
    "hr": """
        Dana 3. listopada 2022. došao je prof. dr. sc. Horvat.|Otišao je 4. studenoga.
        U 19. stoljeću živio je u ul. Ilica br. 5, tj. u Zagrebu.|Umro je 1901. godine.
        „Ne dolazim”, rekao je g. Marić.|„Zašto?”
        Stoji 3,5 mil. eura, npr. za općinu itd. i tako dalje.|To je puno.
        """,
    "hu": """
        A 2019. október 4-én tartott ülésen dr. Kovács beszélt.|Utána elment.
        A XIX. században a Kossuth u. 5. szám alatt élt.|Ott halt meg.
        Az 5. emeleten lakik, kb. 3,5 km-re, ill. ott dolgozik.|Szereti.
        „Nem jövök” – mondta ifj. Nagy.|„Miért?”
        Pl. a Magyar Zrt. és az Alfa Kft. is jött, stb. és így tovább.|Elmentek.
        2022. szeptember 5-én nyílt meg.|2023. január 1. óta zárva van.
        """,
    "ro": """
        Dl. Popescu și dna. Ionescu locuiesc pe str. Lungă nr. 5.|Sunt doi.
        Prof. dr. Radu vine la 3 oct. 2022, cf. art. 5, alin. 2.|Apoi pleacă.
        „Nu vin”, a spus el.|„De ce?”
        Costă 3,5 mil. lei, de ex. pentru oraș, etc. și altele.|E mult.
        În sec. XIX, cca. 3.000 de oameni au plecat.|Puțini s-au întors.
        """,
    "sv": """
        Prof. Ek, f.d. statsminister, kom den 3 okt. 2022 kl. 9 t.ex. med tåg.|Sedan gick han.
        Det gäller bl.a. frukt, d.v.s. äpplen, m.m. och s.k. bär.|Inte mer.
        Ca. 3,5 milj. kr. kostar det, jfr s. 12.|Det är mycket.
        ”Jag kommer”, sa han.|”När?”
        """,
    "da": """
        Den 3. oktober 2022 kom prof. dr. Holm kl. 9 bl.a. med tog.|Så gik han.
        Det gælder f.eks. frugt, dvs. æbler, m.m. og s.k. bær.|Ikke mere.
        I det 19. århundrede boede han i Nørreg. 5.|Han døde der.
        Ca. 3,5 mio. kr. koster det, jf. § 5, stk. 2, nr. 3.|Det er meget.
        """,
    "no": """
        Den 3. oktober 2022 kom prof. dr. Holm kl. 9 bl.a. med tog.|Så gikk han.
        På 1800-tallet, ca. 1850, bodde han i Storgt. 5, dvs. i Oslo.|Han døde der.
        Den 17. mai feires f.eks. i Oslo.|Det er fint.
        Det koster 3,5 mill. kr., jf. § 5 nr. 3.|Det er mye.
        """,
    "fi": """
        Hän syntyi 3. lokakuuta 1950 ja kuoli 5. toukokuuta 2022.|Se oli surullista.
        Prof. Virtanen tuli klo 9 esim. junalla, ts. ajoissa, mm. Oulusta.|Sitten hän lähti.
        Se maksaa n. 3,5 milj. euroa eli ns. liikaa.|Niin on.
        Hän asui 1800-luvulla 5. kerroksessa, ks. s. 12.|Hän kuoli siellä.
        ”En tule”, hän sanoi.|”Miksi?”
        """,
    "et": """
        Ta sündis 3. oktoobril 1950. aastal ja suri 5. mail 2022.|See oli kurb.
        Prof. Tamm tuli kell 9 nt. rongiga, st. õigel ajal.|Siis ta läks.
        19. sajandil elas ta Pika tn. 5 majas.|Seal ta suri.
        """,
    "lv": """
        Viņš dzimis 1950. gada 3. oktobrī un miris 2022. gada 5. maijā.|Tas bija skumji.
        Prof. Bērziņš ieradās plkst. 9, piem. ar vilcienu, t.i. laikā.|Tad viņš aizgāja.
        19. gadsimtā viņš dzīvoja Rīgā, Brīvības ielā nr. 5.|Tur viņš nomira.
        """,
    "lt": """
        2022 m. spalio 3 d. atvyko prof. dr. Petraitis.|Paskui išvyko.
        XIX a. jis gyveno Gedimino pr. 5, t. y. Vilniuje.|Ten mirė 1901 m. rudenį.
        Tai kainuoja apie 3,5 mln. eurų, pvz. miestui ir pan. dalykams.|Brangu.
        """,
    "tr": """
        Prof. Dr. Yılmaz 3 Ekim 2022'de saat 9.30'da geldi.|Sonra gitti.
        19. yüzyılda Atatürk Cad. No. 5'te, yani İstanbul'da yaşadı.|Orada öldü.
        II. Abdülhamid tahttan indirildi.|5. Mehmed geçti.
        “Gelmiyorum,” dedi Sn. Demir.|“Neden?”
        Elma, armut vb. meyveler 3,5 milyon liradır.|Çok pahalı.
        """,
    "el": """
        Ο κ. Παπαδόπουλος και η κα. Νικολάου ήρθαν στις 3 Οκτ. 2022.|Μετά έφυγαν.
        Τον 19ο αι. π.χ. στην Αθήνα ζούσε ο Δρ. Ιωάννου.|Πέθανε το 52 π.Χ. στη Ρώμη.
        Πού είναι;|Εδώ!|Καλά.
        «Δεν έρχομαι», είπε.|«Γιατί;»
        Κοστίζει 3,5 εκ. ευρώ, βλ. σελ. 12, αρ. 5 κ.λπ. και άλλα.|Είναι ακριβό.
        """,
    "ca": """
        El Sr. Puig i la Sra. Roca viuen a l’av. Diagonal, núm. 5.|Són dos.
        El Dr. Soler ve el 3 d’oct. de 2022, p. ex. amb tren.|Després marxa.
        «No vinc», va respondre.|«Per què?»
        """,
    "he": """
        ד"ר כהן ופרופ' לוי באו ב-3.10.2022 בשעה 9.|אחר כך הלכו.
        מר כהן גר ברח' הרצל 5 בתל אביב.|הוא זקן.
        "לא אבוא", אמר.|"למה?"
        """,
    "ar": """
        هذا نص.|هل تفهم؟|نعم!
        وصل د. أحمد وأ.د. سالم في 3.5 ساعات.|ثم غادرا.
        قال الرئيس: «لن آتي».|لماذا؟
        ولد سنة 1950 م. في القاهرة.|ومات فيها.
        """,
    "fa": """
        این متن است.|آیا می‌فهمید؟|بله!
        دکتر احمدی در ۳٫۵ ساعت رسید.|سپس رفت.
        او گفت: «نمی‌آیم».|چرا؟
        """,
    "hi": """
        यह वाक्य है।|क्या यह ठीक है?|हाँ!
        डॉ. शर्मा और प्रो. वर्मा 3.5 घंटे में आए।|फिर वे चले गए।
        श्री ए. पी. जे. अब्दुल कलाम राष्ट्रपति थे।|वे वैज्ञानिक थे।
        """,
    "vi": """
        TS. Nguyễn Văn A và GS. Trần B đến TP. Hồ Chí Minh ngày 3.10.2022.|Rồi họ đi.
        Giá là 3,5 triệu đồng, v.v. và hơn nữa.|Đắt quá!
        “Tôi không đến,” ông nói.|“Tại sao?”
        """,
    "id": """
        Dr. Budi dan Prof. Siti tiba pada 3 Okt. 2022 di Jl. Merdeka No. 5.|Lalu mereka pergi.
        Harganya Rp 3,5 juta, dll. dan sebagainya.|Mahal!
        “Saya tidak datang,” kata Drs. H. Amir.|“Mengapa?”
        """,
    "ko": """
        시장은 3.5킬로미터를 걸었다고 말했다.|그리고 떠났다.
        김 박사는 2022. 10. 3. 서울에 왔다.|왜 왔을까?
        “가지 않겠다.” 그가 말했다.|모두 웃었다!
        """,
    "zh": """
        他说不去。|真的吗？|是的！
        “我不去。”他说。|“为什么？”
        价格是3.5亿元（约合5000万美元）。|太贵了！
        他说：“我不去。你去吧。”|然后走了。
        """,
    "ja": """
        彼は行かないと言った。|本当ですか？|はい！
        「行かない。」と彼は言った。|「なぜ？」
        費用は3.5億円だった。|高い！
        彼は待った……。|誰も来なかった。
        """,
    "th": """
        สวัสดีครับ
        นายกฯ กล่าวเมื่อวันที่ 3 ต.ค. 2565 ว่างบประมาณคือ 3.5 ล้านบาท
        """,
}
UNSPACED = ("zh", "ja", "th")


@pytest.mark.parametrize(
    ("language", "text"),
    [(language, line.strip()) for language, lines in TEXTS.items() for line in lines.strip().splitlines()],
)
def test_a_text_is_parted_where_its_sentences_end(language: str, text: str) -> None:
    sentences = text.split("|")
    joined = ("" if language in UNSPACED else " ").join(sentences)
    assert [joined[start:end] for start, end in split_sentences(joined, language)] == sentences
