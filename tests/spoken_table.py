"""What spoken dates mean, written by hand from a calendar: expression | first moment | first moment after.

`..` is an open side. SAID is as of Thursday 15 October 2020, 12:30:45, with weeks that start on Monday.
"""

from __future__ import annotations

from datetime import datetime

NOW = datetime(2020, 10, 15, 12, 30, 45)

SAID = """
today | 2020-10-15 | 2020-10-16
yesterday | 2020-10-14 | 2020-10-15
tomorrow | 2020-10-16 | 2020-10-17
day before yesterday | 2020-10-13 | 2020-10-14
the day after tomorrow | 2020-10-17 | 2020-10-18
now | 2020-10-15T12:30:45 | 2020-10-15T12:30:46
this day | 2020-10-15 | 2020-10-16
this week | 2020-10-12 | 2020-10-19
current week | 2020-10-12 | 2020-10-19
last week | 2020-10-05 | 2020-10-12
previous week | 2020-10-05 | 2020-10-12
next week | 2020-10-19 | 2020-10-26
week before last | 2020-09-28 | 2020-10-05
the week after next | 2020-10-26 | 2020-11-02
this month | 2020-10-01 | 2020-11-01
last month | 2020-09-01 | 2020-10-01
next month | 2020-11-01 | 2020-12-01
month before last | 2020-08-01 | 2020-09-01
this quarter | 2020-10-01 | 2021-01-01
last quarter | 2020-07-01 | 2020-10-01
next quarter | 2021-01-01 | 2021-04-01
this year | 2020-01-01 | 2021-01-01
last year | 2019-01-01 | 2020-01-01
next year | 2021-01-01 | 2022-01-01
year before last | 2018-01-01 | 2019-01-01
this decade | 2020-01-01 | 2030-01-01
last decade | 2010-01-01 | 2020-01-01
this century | 2001-01-01 | 2101-01-01
last century | 1901-01-01 | 2001-01-01
next century | 2101-01-01 | 2201-01-01
this hour | 2020-10-15T12:00:00 | 2020-10-15T13:00:00
this minute | 2020-10-15T12:30:00 | 2020-10-15T12:31:00
this weekend | 2020-10-17 | 2020-10-19
last weekend | 2020-10-10 | 2020-10-12
next weekend | 2020-10-24 | 2020-10-26
past day | 2020-10-15 | 2020-10-16
past week | 2020-10-09 | 2020-10-16
the past fortnight | 2020-10-02 | 2020-10-16
past month | 2020-09-16 | 2020-10-16
past quarter | 2020-07-16 | 2020-10-16
past year | 2019-10-16 | 2020-10-16
past hour | 2020-10-15T11:30:46 | 2020-10-15T12:30:46
coming week | 2020-10-16 | 2020-10-23
past 7 days | 2020-10-09 | 2020-10-16
last 7 days | 2020-10-09 | 2020-10-16
the last seven days | 2020-10-09 | 2020-10-16
in the past 7 days | 2020-10-09 | 2020-10-16
within the last 30 days | 2020-09-16 | 2020-10-16
past 1 day | 2020-10-15 | 2020-10-16
past 2 weeks | 2020-10-02 | 2020-10-16
last 2 weeks | 2020-10-02 | 2020-10-16
over the past two weeks | 2020-10-02 | 2020-10-16
past 3 months | 2020-07-16 | 2020-10-16
last 12 months | 2019-10-16 | 2020-10-16
past 2 quarters | 2020-04-16 | 2020-10-16
last 5 years | 2015-10-16 | 2020-10-16
past two decades | 2000-10-16 | 2020-10-16
past 24 hours | 2020-10-14T12:30:46 | 2020-10-15T12:30:46
last 90 minutes | 2020-10-15T11:00:46 | 2020-10-15T12:30:46
past 10 seconds | 2020-10-15T12:30:36 | 2020-10-15T12:30:46
next 7 days | 2020-10-16 | 2020-10-23
next 2 weeks | 2020-10-16 | 2020-10-30
next 3 months | 2020-10-16 | 2021-01-16
the coming 2 years | 2020-10-16 | 2022-10-16
next 2 hours | 2020-10-15T12:30:46 | 2020-10-15T14:30:46
a day ago | 2020-10-14 | 2020-10-15
0 days ago | 2020-10-15 | 2020-10-16
3 days ago | 2020-10-12 | 2020-10-13
a week ago | 2020-10-08 | 2020-10-09
2 weeks ago | 2020-10-01 | 2020-10-02
two weeks ago | 2020-10-01 | 2020-10-02
a fortnight ago | 2020-10-01 | 2020-10-02
a month ago | 2020-09-15 | 2020-09-16
8 months ago | 2020-02-15 | 2020-02-16
a quarter ago | 2020-07-15 | 2020-07-16
a year ago | 2019-10-15 | 2019-10-16
20 years ago | 2000-10-15 | 2000-10-16
a decade ago | 2010-10-15 | 2010-10-16
a century ago | 1920-10-15 | 1920-10-16
an hour ago | 2020-10-15T11:00:00 | 2020-10-15T12:00:00
13 hours ago | 2020-10-14T23:00:00 | 2020-10-15
5 minutes ago | 2020-10-15T12:25:00 | 2020-10-15T12:26:00
a second ago | 2020-10-15T12:30:44 | 2020-10-15T12:30:45
in 2 days | 2020-10-17 | 2020-10-18
in a week | 2020-10-22 | 2020-10-23
2 weeks from now | 2020-10-29 | 2020-10-30
3 days from today | 2020-10-18 | 2020-10-19
3 months hence | 2021-01-15 | 2021-01-16
last monday | 2020-10-12 | 2020-10-13
last tuesday | 2020-10-13 | 2020-10-14
last wed | 2020-10-14 | 2020-10-15
last thursday | 2020-10-08 | 2020-10-09
last friday | 2020-10-09 | 2020-10-10
past saturday | 2020-10-10 | 2020-10-11
previous sunday | 2020-10-11 | 2020-10-12
next monday | 2020-10-19 | 2020-10-20
next tue | 2020-10-20 | 2020-10-21
next wednesday | 2020-10-21 | 2020-10-22
next thursday | 2020-10-22 | 2020-10-23
next friday | 2020-10-16 | 2020-10-17
coming saturday | 2020-10-17 | 2020-10-18
next sunday | 2020-10-18 | 2020-10-19
this monday | 2020-10-12 | 2020-10-13
this thursday | 2020-10-15 | 2020-10-16
this sunday | 2020-10-18 | 2020-10-19
monday last week | 2020-10-05 | 2020-10-06
friday of this week | 2020-10-16 | 2020-10-17
sunday next week | 2020-10-25 | 2020-10-26
october 2020 | 2020-10-01 | 2020-11-01
October, 2020 | 2020-10-01 | 2020-11-01
oct 2020 | 2020-10-01 | 2020-11-01
Oct. 2020 | 2020-10-01 | 2020-11-01
sept 2019 | 2019-09-01 | 2019-10-01
in february 2020 | 2020-02-01 | 2020-03-01
december of 1999 | 1999-12-01 | 2000-01-01
the month of may 2021 | 2021-05-01 | 2021-06-01
2020 march | 2020-03-01 | 2020-04-01
this march | 2020-03-01 | 2020-04-01
may last year | 2019-05-01 | 2019-06-01
june of next year | 2021-06-01 | 2021-07-01
2 oct 2020 | 2020-10-02 | 2020-10-03
02 oct 2020 | 2020-10-02 | 2020-10-03
2 october, 2020 | 2020-10-02 | 2020-10-03
2nd october 2020 | 2020-10-02 | 2020-10-03
2nd of october 2020 | 2020-10-02 | 2020-10-03
the second of october 2020 | 2020-10-02 | 2020-10-03
1st of march 2020 | 2020-03-01 | 2020-03-02
first of may 1886 | 1886-05-01 | 1886-05-02
twenty-ninth of february 2020 | 2020-02-29 | 2020-03-01
the 31st of december 2020 | 2020-12-31 | 2021-01-01
October 2, 2020 | 2020-10-02 | 2020-10-03
october 2nd, 2020 | 2020-10-02 | 2020-10-03
oct 2 2020 | 2020-10-02 | 2020-10-03
february 29 2020 | 2020-02-29 | 2020-03-01
2020 october 2 | 2020-10-02 | 2020-10-03
on 2 oct 2020 | 2020-10-02 | 2020-10-03
2 october last year | 2019-10-02 | 2019-10-03
october 2 this year | 2020-10-02 | 2020-10-03
monday 5 october 2020 | 2020-10-05 | 2020-10-06
Monday, October 5, 2020 | 2020-10-05 | 2020-10-06
Mon 5 Oct 2020 | 2020-10-05 | 2020-10-06
on sunday the 29th of february 2032 | 2032-02-29 | 2032-03-01
thursday 2020-10-15 | 2020-10-15 | 2020-10-16
sat 1 jan 2000 | 2000-01-01 | 2000-01-02
2020-10-02 10:15 | 2020-10-02T10:15:00 | 2020-10-02T10:16:00
the year 2020 | 2020-01-01 | 2021-01-01
in 2020 | 2020-01-01 | 2021-01-01
during 2020 | 2020-01-01 | 2021-01-01
year 0800 | 0800-01-01 | 0801-01-01
q3 2020 | 2020-07-01 | 2020-10-01
Q1 of 2020 | 2020-01-01 | 2020-04-01
2020 q4 | 2020-10-01 | 2021-01-01
2020-Q2 | 2020-04-01 | 2020-07-01
2020q2 | 2020-04-01 | 2020-07-01
third quarter of 2020 | 2020-07-01 | 2020-10-01
the second quarter of 2020 | 2020-04-01 | 2020-07-01
4th quarter 2019 | 2019-10-01 | 2020-01-01
quarter 3 of 2020 | 2020-07-01 | 2020-10-01
this q1 | 2020-01-01 | 2020-04-01
q4 last year | 2019-10-01 | 2020-01-01
first half of 2020 | 2020-01-01 | 2020-07-01
second half of 2020 | 2020-07-01 | 2021-01-01
1st half 2019 | 2019-01-01 | 2019-07-01
h1 2020 | 2020-01-01 | 2020-07-01
2020-H2 | 2020-07-01 | 2021-01-01
first half of this year | 2020-01-01 | 2020-07-01
first half of october 2020 | 2020-10-01 | 2020-10-16
second half of february 2021 | 2021-02-16 | 2021-03-01
spring 2020 | 2020-03-01 | 2020-06-01
summer 2020 | 2020-06-01 | 2020-09-01
the summer of 1969 | 1969-06-01 | 1969-09-01
autumn 2020 | 2020-09-01 | 2020-12-01
fall 2020 | 2020-09-01 | 2020-12-01
this summer | 2020-06-01 | 2020-09-01
summer last year | 2019-06-01 | 2019-09-01
winter 2020/21 | 2020-12-01 | 2021-03-01
winter 2020/2021 | 2020-12-01 | 2021-03-01
the winter of 2019-20 | 2019-12-01 | 2020-03-01
winter 1999/00 | 1999-12-01 | 2000-03-01
2020-W40 | 2020-09-28 | 2020-10-05
2020w40 | 2020-09-28 | 2020-10-05
2020-W40-1 | 2020-09-28 | 2020-09-29
2020-w01 | 2019-12-30 | 2020-01-06
2020-W53 | 2020-12-28 | 2021-01-04
2021-W01 | 2021-01-04 | 2021-01-11
2009-W53-7 | 2010-01-03 | 2010-01-04
week 40 of 2020 | 2020-09-28 | 2020-10-05
week 1 2019 | 2018-12-31 | 2019-01-07
calendar week 40 of 2020 | 2020-09-28 | 2020-10-05
w40 2020 | 2020-09-28 | 2020-10-05
2020 week 40 | 2020-09-28 | 2020-10-05
the 40th week of 2020 | 2020-09-28 | 2020-10-05
week 2 of this year | 2020-01-06 | 2020-01-13
week of 8 october 2020 | 2020-10-05 | 2020-10-12
the week of 2020-10-01 | 2020-09-28 | 2020-10-05
the 1990s | 1990-01-01 | 2000-01-01
1990's | 1990-01-01 | 2000-01-01
in the 2010s | 2010-01-01 | 2020-01-01
20th century | 1901-01-01 | 2001-01-01
the twentieth century | 1901-01-01 | 2001-01-01
21st century | 2001-01-01 | 2101-01-01
first century | 0001-01-01 | 0101-01-01
since 2019 | 2019-01-01 | ..
since october 2019 | 2019-10-01 | ..
since last month | 2020-09-01 | ..
since yesterday | 2020-10-14 | ..
since the 1990s | 1990-01-01 | ..
since 2020-10-02 10:15 | 2020-10-02T10:15:00 | ..
since 2020-W40 | 2020-09-28 | ..
since a week ago | 2020-10-08 | ..
after 2019 | 2020-01-01 | ..
after 2 oct 2020 | 2020-10-03 | ..
after last week | 2020-10-12 | ..
later than march 2020 | 2020-04-01 | ..
before 2019 | .. | 2019-01-01
before march 2020 | .. | 2020-03-01
before last tuesday | .. | 2020-10-13
before the 20th century | .. | 1901-01-01
prior to 2020-10 | .. | 2020-10-01
earlier than q3 2020 | .. | 2020-07-01
until 2019 | .. | 2020-01-01
until last friday | .. | 2020-10-10
until 2 oct 2020 | .. | 2020-10-03
up to march 2020 | .. | 2020-04-01
till yesterday | .. | 2020-10-15
through q2 2020 | .. | 2020-07-01
from 2019 on | 2019-01-01 | ..
from october 2019 onwards | 2019-10-01 | ..
2019 or later | 2019-01-01 | ..
march 2020 and earlier | .. | 2020-04-01
2019 onwards | 2019-01-01 | ..
from 2019 to 2020 | 2019-01-01 | 2021-01-01
2019 to 2020 | 2019-01-01 | 2021-01-01
2019 - 2020 | 2019-01-01 | 2021-01-01
2019–2020 | 2019-01-01 | 2021-01-01
2019 through 2020 | 2019-01-01 | 2021-01-01
from 2020-09 until 2020-10 | 2020-09-01 | 2020-11-01
between 2019 and 2020 | 2019-01-01 | 2021-01-01
between june and august 2020 | 2020-06-01 | 2020-09-01
june to august 2020 | 2020-06-01 | 2020-09-01
2 to 5 october 2020 | 2020-10-02 | 2020-10-06
2nd–5th of october 2020 | 2020-10-02 | 2020-10-06
from 28 september to 2 october 2020 | 2020-09-28 | 2020-10-03
between 2 oct 2019 and 5 nov 2020 | 2019-10-02 | 2020-11-06
monday 5 to friday 9 october 2020 | 2020-10-05 | 2020-10-10
november 2020 to february 2021 | 2020-11-01 | 2021-03-01
q1 to q3 2020 | 2020-01-01 | 2020-10-01
spring to autumn 2020 | 2020-03-01 | 2020-12-01
week 40 to week 42 of 2020 | 2020-09-28 | 2020-10-19
last week to today | 2020-10-05 | 2020-10-16
from yesterday to tomorrow | 2020-10-14 | 2020-10-17
from 3 days ago to now | 2020-10-12 | 2020-10-15T12:30:46
the 1980s to the 1990s | 1980-01-01 | 2000-01-01
since 2019 until june 2020 | 2019-01-01 | 2020-07-01
since 2019 and before march 2020 | 2019-01-01 | 2020-03-01
after 2018 and until march 2020 | 2019-01-01 | 2020-04-01
before 9999 | .. | 9999-01-01
"""

ELSEWHEN = """
2020-02-29 | a year ago | 2019-02-28 | 2019-03-01
2020-02-29 | 4 years ago | 2016-02-29 | 2016-03-01
2020-02-29 | past year | 2019-03-01 | 2020-03-01
2020-02-29 | last month | 2020-01-01 | 2020-02-01
2020-02-29 | in a year | 2021-02-28 | 2021-03-01
2020-03-31 | a month ago | 2020-02-29 | 2020-03-01
2021-03-31 | a month ago | 2021-02-28 | 2021-03-01
2020-03-31 | past month | 2020-03-01 | 2020-04-01
2020-03-30 | past month | 2020-02-29 | 2020-03-31
2020-09-30 | past month | 2020-09-01 | 2020-10-01
2020-01-31 | in a month | 2020-02-29 | 2020-03-01
2020-01-01 | yesterday | 2019-12-31 | 2020-01-01
2020-01-01 | last month | 2019-12-01 | 2020-01-01
2020-01-01 | last week | 2019-12-23 | 2019-12-30
2020-01-01 | last quarter | 2019-10-01 | 2020-01-01
2020-12-31 | tomorrow | 2021-01-01 | 2021-01-02
2020-12-31 | this week | 2020-12-28 | 2021-01-04
2020-12-31 | next month | 2021-01-01 | 2021-02-01
2000-06-15 | this century | 1901-01-01 | 2001-01-01
2001-01-01 | last century | 1901-01-01 | 2001-01-01
2000-06-15 | this decade | 2000-01-01 | 2010-01-01
2020-10-17 | this weekend | 2020-10-17 | 2020-10-19
2020-10-18 | this weekend | 2020-10-17 | 2020-10-19
2020-10-18 | last weekend | 2020-10-10 | 2020-10-12
2020-10-19 | this weekend | 2020-10-24 | 2020-10-26
2020-10-19 | last weekend | 2020-10-17 | 2020-10-19
2020-10-19 | last monday | 2020-10-12 | 2020-10-13
2020-10-19 | next monday | 2020-10-26 | 2020-10-27
2020-10-18 | this week | 2020-10-12 | 2020-10-19
9999-12-31 | today | 9999-12-31 | END
9999-12-31 | past 31 days | 9999-12-01 | END
9999-12-31 | past month | 9999-12-01 | END
9999-06-15 | this year | 9999-01-01 | END
0001-01-01 | today | 0001-01-01 | 0001-01-02
0001-01-07 | this week | 0001-01-01 | 0001-01-08
"""

SUNDAYS = """
2020-10-17 | this week | 2020-10-11 | 2020-10-18
2020-10-18 | this week | 2020-10-18 | 2020-10-25
2020-10-18 | last week | 2020-10-11 | 2020-10-18
2020-10-15 | this sunday | 2020-10-11 | 2020-10-12
2020-10-15 | this saturday | 2020-10-17 | 2020-10-18
2020-10-15 | monday last week | 2020-10-05 | 2020-10-06
2020-10-15 | sunday last week | 2020-10-04 | 2020-10-05
2020-10-15 | week of 11 october 2020 | 2020-10-11 | 2020-10-18
2020-10-15 | week 40 of 2020 | 2020-09-28 | 2020-10-05
2020-10-15 | last sunday | 2020-10-11 | 2020-10-12
2020-10-15 | this weekend | 2020-10-17 | 2020-10-19
"""

REFUSED = """
last | 'last' what | last month
past | 'past' what | past 7 days
last foo | 'last foo' is not understood | last month
since | a date is missing | 2020-10-02
before | a date is missing | 2020-10-02
between 2019 | 'between' what | between june and august 2020
from 2019 | until when | 'since 2019' or 'from 2019 to now'
october | of which year | 'october 2020' or 'october 2019'
2 october | of which year | '2 october 2020' or '2 october 2019'
october 2nd | of which year | '2 october 2020'
29 february | of which year | '29 february 2020' or '29 february 2016'
monday 5 october | of which year | 'monday 5 october 2020' or 'monday 5 october 2015'
q3 | of which year | 'q3 2020' or 'q3 2019'
third quarter | of which year | 'q3 2020'
h1 | of which year | 'h1 2020'
summer | of which year | 'summer 2020'
week 40 | of which year | 'week 40 2020'
since october | of which year | 'october 2020'
june to august | of which year | 'june to august 2020' or 'june to august 2019'
june 2020 to august | of which year | 'june 2020 to august 2020'
last october | of which year | 'october 2020' or 'october 2019'
next summer | of which year | 'summer 2020' or 'summer 2021'
last q3 | of which year | 'q3 2020' or 'q3 2019'
tuesday | which tuesday | 'last tuesday' or 'next tuesday'
on friday | which friday | 'last friday' or 'next friday'
since monday | which monday | 'last monday'
from monday to friday | which monday | 'last monday'
october 12 | a day or a year | '12 october 2020' or 'october 2012'
oct 20 | a day or a year | '20 october 2020' or 'october 2020'
2 oct 20 | two digits | 2020 or 1920
oct 2 '20 | two digits | 2020 or 1920
90s | which century | '1990s' or '1890s'
the '90s | which century | '1990s' or '1890s'
the nineties | which century | '1990s' or '1890s'
the twenties | which century | '2020s' or '1920s'
2000s | ten years or a hundred | '2000 to 2009' or '21st century'
1900s | ten years or a hundred | '1900 to 1909' or '20th century'
winter 2020 | two years | 'winter 2019/20' or 'winter 2020/21'
winter 2020/22 | follow each other | winter 2020/21
early 1990s | 'early' has no limits | starts and ends
mid october 2020 | 'mid' has no limits | starts and ends
around 2020 | 'around' has no limits | starts and ends
last few days | 'few' is no number | last 3 days
a couple of weeks ago | 'couple' is no number | '2 weeks ago'
recently | 'recently' has no limits | starts and ends
christmas 2020 | not known | 25 december 2020
easter 2020 | not known | december
44 bc | eras are not read | four digits
ad 800 | eras are not read | four digits
2 weeks | of when | 'past 2 weeks' or '2 weeks ago'
last hour | calendar or by the clock | 'past hour' or 'an hour ago'
last minute | calendar or by the clock | 'past minute' or 'a minute ago'
next second | calendar or by the clock | 'coming second' or 'in a second'
last day | calendar or by the clock | 'past 24 hours' or 'yesterday'
last fortnight | no place in the calendar | past fortnight
previous 3 months | count from today | 'past 3 months' or 'last month'
past 0 days | no time lies in 0 days | past 7 days
10/02/2020 | ambiguous | 2020-02-10 or 2020-10-02
since 10/02/2020 | ambiguous | 2020-02-10 or 2020-10-02
from 2/10/20 to 3/10/20 | two digits | all four digits
30 february 2020 | no day 30 in February 2020 | days 01 to 29
29 february 2019 | no day 29 in February 2019 | days 01 to 28
31 june 2020 | no day 31 in June 2020 | days 01 to 30
february 0 2020 | no day 00 in February 2020 | days 01 to 29
30 to 31 february 2020 | no day 31 in February 2020 | days 01 to 29
monday 6 october 2020 | is a tuesday, not a monday | 'tuesday 6 october 2020'
friday 2020-10-15 | is a thursday, not a friday | 'thursday 2020-10-15'
monday 2020-10 | no day that a monday could be | 2020-10
2019-W53 | no week 53 in 2019 | weeks 01 to 52
2020-W54 | no week 54 in 2020 | weeks 01 to 53
2020-W00 | no week 00 in 2020 | weeks 01 to 53
week 53 of 2019 | no week 53 in 2019 | weeks 01 to 52
q5 2020 | there is no q5 | q1 to q4
fifth quarter of 2020 | there is no q5 | q1 to q4
h3 2020 | there is no h3 | h1 to h2
third half of october 2020 | no 3rd half | a first and a second half
week of 2020 | longer than a week | week of 5 october 2020
100th century | out of the years | 2020
next millennium | not understood | last month
20000 years ago | out of the years | 2020
in 9000 years | out of the years | 2020
2020 to 2019 | ends before it starts | earlier date first
from tomorrow to yesterday | ends before it starts | earlier date first
november to february 2021 | ends before it starts | november 2020 to february 2021
since 2020 before 2019 | ends before it starts | earlier date first
yesterday 10:15 | time of day | 2020-10-02T10:15
2 oct 2020 at 10:15 | time of day | 2020-10-02T10:15
yesterday 5pm | time of day | 2020-10-02T10:15
october 0000 | no year 0000 | 0001 to 9999
2020-13 to 2021 | no month 13 | months run from 01 to 12
since 2020-02-30 | no day 30 in February 2020 | days 01 to 29
day | 'day' alone | last month
weeks | 'weeks' alone | last month
2th of october 2020 | not a date | 2020-10-02
2020 2021 | not a date that is understood | 2020-10-02
october 2020 foo | 'foo' behind | 2020-10-02
yesterday yesterday | 'yesterday' behind | 2020-10-02
letzte woche | not a date | 2020-10-02
le mois dernier | not a date | 2020-10-02
"""


def rows(table: str, columns: int) -> list[tuple[str, ...]]:
    """The rows of a table, a tuple of their columns each."""
    found = [tuple(cell.strip() for cell in line.split("|")) for line in table.strip().splitlines()]
    assert all(len(row) == columns for row in found), [row for row in found if len(row) != columns]
    return found
