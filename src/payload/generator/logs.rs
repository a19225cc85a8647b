//! Lines of the log of a shop's services: a time, a level, a place, and one of a few dozen sentences with its numbers.
//!
//! A few sentences make most of the lines, most of them are harmless, and a trace identifier makes each one unlike the
//! others.
use super::put;
use crate::payload::{Luck, write_instant};

/// Service, class and sentence; `#` is a number, `%` a name, `~` a time in milliseconds.
const SENTENCES: [(&str, &str, &str, &str); 24] = [
    ("INFO ", "gateway", "http.AccessLog", "GET /api/v1/products/# HTTP/1.1 200 # ~ms"),
    ("INFO ", "gateway", "http.AccessLog", "GET /api/v1/cart HTTP/1.1 200 # ~ms"),
    ("DEBUG", "catalog", "cache.ProductCache", "hit for product # in region %"),
    ("INFO ", "orders", "orders.OrderService", "Order # accepted for customer #, # items, total # cents"),
    ("DEBUG", "catalog", "db.Pool", "connection # borrowed, # active, # idle"),
    ("INFO ", "payments", "payments.Capture", "Captured # cents for order # via % in ~ms"),
    ("INFO ", "gateway", "http.AccessLog", "POST /api/v1/orders HTTP/1.1 201 # ~ms"),
    ("INFO ", "stock", "stock.Reservation", "Reserved # of article # in warehouse %"),
    ("DEBUG", "orders", "kafka.Producer", "sent record to orders-# at offset # in ~ms"),
    ("DEBUG", "stock", "kafka.Consumer", "polled # records from orders-#, lag #"),
    ("INFO ", "shipping", "shipping.Label", "Label # printed for order #, carrier %"),
    ("WARN ", "gateway", "http.Retry", "Upstream catalog answered 503 after ~ms, attempt # of 3"),
    ("INFO ", "auth", "auth.Session", "Session opened for customer # from %"),
    ("INFO ", "auth", "auth.Token", "Token refreshed for customer #, valid for # s"),
    ("DEBUG", "catalog", "search.Query", "query '%' matched # documents in ~ms"),
    ("WARN ", "payments", "payments.Capture", "Bank % is slow: ~ms for order #"),
    ("INFO ", "orders", "jobs.Sweeper", "Removed # carts older than # h"),
    ("WARN ", "stock", "stock.Reservation", "Article # is short in warehouse %: # left"),
    ("INFO ", "gateway", "http.AccessLog", "GET /health HTTP/1.1 200 2 ~ms"),
    ("ERROR", "payments", "payments.Capture", "Capture of order # declined by %: code #"),
    ("ERROR", "orders", "db.Pool", "timeout after ~ms waiting for a connection, # waiting"),
    ("WARN ", "auth", "auth.Login", "Wrong password for customer #, attempt #"),
    ("ERROR", "shipping", "shipping.Carrier", "Carrier % answered 500: request # failed after ~ms"),
    ("INFO ", "catalog", "gc.Monitor", "G1 young collection: # MB freed in ~ms"),
];
const NAMES: [&str; 14] = [
    "eu-west",
    "eu-central",
    "us-east",
    "visa",
    "mastercard",
    "paypal",
    "shoes",
    "jacket",
    "dhl",
    "ups",
    "android",
    "ios",
    "laptop",
    "lamp",
];

pub(super) fn write(now_ns: i64, luck: &mut Luck, out: &mut Vec<u8>) {
    let (level, service, class, sentence) = luck.skewed(&SENTENCES);
    write_instant(now_ns, out);
    put!(out, " {level} [{service}-{}] [exec-{}] c.example.{class} - ", luck.rank(6), 1 + luck.below(32));
    for part in sentence.split_inclusive(['#', '%', '~']) {
        out.extend_from_slice(&part.as_bytes()[..part.len() - 1]);
        match part.as_bytes()[part.len() - 1] {
            b'#' => put!(out, "{}", luck.long_tailed(700.0, 3.0)),
            b'%' => out.extend_from_slice(luck.skewed(&NAMES).as_bytes()),
            b'~' => put!(out, "{}", 1 + luck.long_tailed(9.0, 1.2)),
            last => out.push(last),
        }
    }
    put!(out, " trace={:016x}", luck.bits());
}
