mod house;
mod report;
