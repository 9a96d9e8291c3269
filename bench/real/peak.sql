-- Runs load.sql sixty times and reports the wall time of each run to stderr, in milliseconds written as nanoseconds (SQLite's
-- clock tells no less), as programs/rep.h does.  With a table `quick` the runs are small.
create table scale(n integer);
insert into scale select case count(*) when 0 then 40000 else 3000 end from sqlite_schema where name = 'quick';
create temporary table rep(number integer, began real, ended real);
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.read bench/real/rep.sql
.once '|cat >&2'
select 'rep ' || number || ' ' || cast(round((ended - began) * 86400000) as integer) || '000000' from rep order by number;
